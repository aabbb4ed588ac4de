#include "sys.h"

#include <linux/time_types.h>

/*
 * The compiler calls memcpy and memset by itself. The words are unaligned: both architectures allow that. The build
 * forbids the compiler to see in these loops the very functions that they are.
 */
typedef uint64_t __attribute__((may_alias, aligned(1))) unaligned;

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	for (; size >= 8; size -= 8, t += 8, f += 8)
		*(unaligned *)t = *(const unaligned *)f;
	while (size--)
		*t++ = *f++;
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	uint8_t *t = to;
	uint64_t word = (uint8_t)byte * UINT64_C(0x0101010101010101);

	for (; size >= 8; size -= 8, t += 8)
		*(unaligned *)t = word;
	while (size--)
		*t++ = (uint8_t)byte;
	return to;
}

/* memchr(3), eight bytes at a time: a byte of `x` is zero where the wanted one is. */
const uint8_t *find_byte(const uint8_t *from, uint8_t byte, size_t size)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);

	for (; size >= 8; size -= 8, from += 8) {
		uint64_t x = *(const unaligned *)from ^ (ones * byte);
		uint64_t zeros = (x - ones) & ~x & (ones << 7);

		if (zeros)
			return from + (__builtin_ctzll(zeros) >> 3);
	}
	for (; size; size--, from++)
		if (*from == byte)
			return from;
	return NULL;
}

static uint64_t time_of(int clock)
{
	struct __kernel_timespec time;

	sys(clock_gettime, clock, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t now(void)
{
	return time_of(0 /* CLOCK_REALTIME */);
}

uint64_t uptime(void)
{
	return time_of(1 /* CLOCK_MONOTONIC */);
}

_Noreturn void exit_group(int code)
{
	for (;;)
		sys(exit_group, code);
}
