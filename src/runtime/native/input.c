#include "input.h"

#include "monitor.h"
#include "program.h"

static struct {
	uint32_t length, written;
	bool closed, ended;
	uint8_t bytes[16 * 1024];
} input;

bool input_pending(void)
{
	return input.written < input.length;
}

bool input_wanted(void)
{
	return !input_pending() && (terminal_ready || !(options.flags & TERMINAL));
}

static void close_input(void)
{
	if (!input.closed)
		sys(close, FD_STDIN);
	input.closed = true;
}

void input_flush(void)
{
	while (input_pending()) {
		long n = sys(write, FD_STDIN, input.bytes + input.written, input.length - input.written);

		if (n == -EAGAIN)
			return;
		if (n < 0) { /* nobody reads it any more */
			input.written = input.length;
			input.ended = !(options.flags & TERMINAL);
			break;
		}
		input.written += (uint32_t)n;
	}
	if (input.ended)
		close_input();
}

long input_receive(int fd, bool wanted)
{
	long n = sys(read, fd, input.bytes, sizeof(input.bytes));

	if (n > 0 && wanted && !input.closed && options.flags & (STDIN | TERMINAL)) {
		input.length = (uint32_t)n;
		input.written = 0;
		input_flush();
	}
	return n;
}

void input_end(void)
{
	if (options.flags & TERMINAL || !(options.flags & STDIN))
		return;
	input.ended = true;
	input_flush();
}
