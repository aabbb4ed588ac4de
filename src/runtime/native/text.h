/* Text put together piece by piece: what appends returns where the next piece goes. */
#ifndef TEXT_H
#define TEXT_H

#include "sys.h"

static inline char *append(char *to, const char *text)
{
	while (*text)
		*to++ = *text++;
	return to;
}

static inline size_t length_of(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

static inline bool same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static inline char *append_number(char *to, uint64_t number)
{
	char digits[20];
	int count = 0;

	do
		digits[count++] = (char)('0' + number % 10);
	while (number /= 10);
	while (count)
		*to++ = digits[--count];
	return to;
}

#endif
