#include "connections.h"

#include <asm/ioctls.h>
#include <asm/termios.h>
#include <linux/uio.h>

#include "input.h"
#include "monitor.h"
#include "program.h"
#include "protocol.h"

enum kind_of { FREE, CONTROL, STREAM };

static struct connection {
	int fd;
	uint8_t kind;
	uint8_t attach;   /* ATTACH_ flags of a stream connection */
	bool hung_up;     /* the other side has gone; some of its input may still be here */
	bool input_ended;
	uint8_t received; /* bytes of `frame` */
	uint32_t sent;    /* bytes of the chunk's header and of the chunk */
	uint8_t frame[FRAME_HEADER + FRAME_MAX_PAYLOAD];
} connections[MAX_CONNECTIONS];

#define each_connection(c) struct connection *c = connections; c < connections + MAX_CONNECTIONS; c++

static void add(int fd, uint8_t kind, uint32_t attach_flags)
{
	for (each_connection(c)) {
		if (c->kind != FREE)
			continue;
		*c = (struct connection){ .fd = fd, .kind = kind, .attach = (uint8_t)attach_flags, .sent = ~0u };
		return;
	}
	sys(close, fd);
}

void connection_add_control(int fd)
{
	add(fd, CONTROL, 0);
}

void connection_add_stream(int fd, uint32_t attach_flags)
{
	add(fd, STREAM, attach_flags);
}

void connection_accept(int listener)
{
	long fd = sys(accept4, listener, NULL, NULL, O_CLOEXEC);

	if (fd >= 0)
		add((int)fd, CONTROL, 0);
}

static void drop(struct connection *c)
{
	sys(close, c->fd);
	c->kind = FREE;
}

void connection_tell(int fd, uint8_t type, const void *payload, uint32_t length)
{
	uint8_t frame[FRAME_HEADER + FRAME_MAX_PAYLOAD] = { type };

	put32(frame + 4, __builtin_bswap32(length));
	memcpy(frame + FRAME_HEADER, payload, length);
	sys(sendto, fd, frame, FRAME_HEADER + length, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);
}

void connections_tell(uint8_t type, const void *payload, uint32_t length)
{
	for (each_connection(c))
		if (c->kind == CONTROL)
			connection_tell(c->fd, type, payload, length);
}

bool connections_have_control(void)
{
	for (each_connection(c))
		if (c->kind == CONTROL)
			return true;
	return false;
}

/* --- input -------------------------------------------------------------------------------------------------------- */

static void receive_input(struct connection *c)
{
	long n = input_receive(c->fd, c->attach & ATTACH_STDIN);

	if (n > 0 || n == -EAGAIN)
		return;
	if (c->attach & ATTACH_CLOSE_STDIN)
		input_end();
	c->input_ended = true;
	if (c->hung_up)
		drop(c);
}

/* --- frames ------------------------------------------------------------------------------------------------------- */

static void resize(const uint8_t *payload)
{
	struct winsize size = { 0 };

	memcpy(&size.ws_row, payload, 2);
	memcpy(&size.ws_col, payload + 2, 2);
	if (options.flags & TERMINAL)
		sys(ioctl, FD_STDIN, TIOCSWINSZ, &size);
}

static void obey(struct connection *c)
{
	const uint8_t *payload = c->frame + FRAME_HEADER;

	c->received = 0;
	switch (c->frame[0]) {
	case FRAME_WATCH:
		monitor_tell_state(c->fd);
		break;
	case FRAME_ATTACH:
		connection_tell(c->fd, FRAME_ATTACHED, NULL, 0);
		c->kind = STREAM;
		c->attach = payload[0];
		c->sent = ~0u; /* from the next chunk on */
		break;
	case FRAME_RESIZE:
		resize(payload);
		break;
	}
}

/* Reads no byte further than the frame: what follows an attach is standard input. */
static void receive_frame(struct connection *c)
{
	uint32_t payload = 0;

	if (c->received >= FRAME_HEADER) {
		memcpy(&payload, c->frame + 4, 4);
		payload = __builtin_bswap32(payload);
	}
	uint32_t left = FRAME_HEADER + payload - c->received;
	long n = payload > FRAME_MAX_PAYLOAD ? 0 : sys(read, c->fd, c->frame + c->received, left);
	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		drop(c);
		return;
	}
	c->received += (uint8_t)n;
	if (c->received < FRAME_HEADER)
		return;
	memcpy(&payload, c->frame + 4, 4);
	if (c->received == FRAME_HEADER + __builtin_bswap32(payload))
		obey(c);
}

/* --- output ------------------------------------------------------------------------------------------------------- */

static bool behind(const struct connection *c)
{
	return c->kind == STREAM && c->sent < FRAME_HEADER + chunk.length;
}

static void stop_output(struct connection *c)
{
	c->attach &= (uint8_t)~(ATTACH_STDOUT | ATTACH_STDERR);
	c->sent = ~0u;
}

static void send_chunk(struct connection *c)
{
	/* A terminal has one stream, and its bytes need no frames. */
	if (options.flags & TERMINAL && c->sent < FRAME_HEADER)
		c->sent = FRAME_HEADER;
	while (behind(c)) {
		uint32_t header = c->sent < FRAME_HEADER ? FRAME_HEADER - c->sent : 0;
		uint32_t body = header ? 0 : c->sent - FRAME_HEADER;
		struct iovec iov[2] = {
			{ chunk.header + FRAME_HEADER - header, header },
			{ chunk.bytes + body, chunk.length - body },
		};
		struct msghdr message = { .iov = iov, .iov_length = 2 };
		long n = sys(sendmsg, c->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n == -EAGAIN)
			return;
		if (n < 0)
			stop_output(c);
		else
			c->sent += (uint32_t)n;
	}
}

bool connections_deliver(void)
{
	bool all = true;

	for (each_connection(c)) {
		if (behind(c))
			send_chunk(c);
		all = all && !behind(c);
	}
	return all;
}

void connections_begin_chunk(void)
{
	uint8_t wanted = chunk.stream == FRAME_STDOUT ? ATTACH_STDOUT : ATTACH_STDERR;

	for (each_connection(c))
		c->sent = c->attach & wanted ? 0 : ~0u;
}

void connections_drop_slow(void)
{
	for (each_connection(c))
		if (behind(c))
			drop(c);
}

/* --- the loop's part ---------------------------------------------------------------------------------------------- */

void connections_poll(struct pollfd *entries)
{
	for (each_connection(c)) {
		bool reads = c->kind == CONTROL || (c->kind == STREAM && !c->input_ended && input_wanted());
		short events = (short)((reads ? POLLIN : 0) | (behind(c) ? POLLOUT : 0));
		/* One that hung up is polled only for what it still has to say: POLLHUP cannot be masked. */
		bool idle = c->kind == FREE || (c->hung_up && !reads);

		*entries++ = (struct pollfd){ .fd = idle ? -1 : c->fd, .events = events };
	}
}

void connections_serve(const struct pollfd *entries)
{
	for (each_connection(c)) {
		short events = entries++->revents;

		if (c->kind == FREE || !events)
			continue;
		if (c->kind == CONTROL) {
			receive_frame(c);
			continue;
		}
		if (events & (POLLHUP | POLLERR)) {
			c->hung_up = true;
			stop_output(c);
			if (c->input_ended) {
				drop(c);
				continue;
			}
		}
		if (events & (POLLIN | POLLHUP) && input_wanted())
			receive_input(c);
	}
}

void connections_close(void)
{
	for (each_connection(c)) {
		if (c->kind == FREE)
			continue;
		/* A socket closed with something unread in it gives its peer ECONNRESET instead of the end. */
		sys(shutdown, c->fd, SHUTDOWN_BOTH);
		while (sys(read, c->fd, chunk.bytes, sizeof(chunk.bytes)) > 0)
			;
		drop(c);
	}
}
