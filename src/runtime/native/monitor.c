/*
 * The parent of a container's process, outside of the container. It outlives the engine: it holds the streams, writes
 * the log and records the exit, and tells whoever is connected. One loop, no threads, no memory but what is declared.
 */
#include "monitor.h"

#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/poll.h>
#include <linux/time_types.h>
#include <linux/uio.h>

#include "connections.h"
#include "input.h"
#include "log.h"
#include "program.h"
#include "protocol.h"
#include "record.h"
#include "revival.h"
#include "text.h"

/* How long output that is left when the process has ended waits for a client that does not read. */
enum { PATIENCE_SECONDS = 2 };

struct chunk chunk;
bool terminal_ready;

static struct {
	int cloned;       /* the child of the monitor's own clone */
	int main;         /* the process that executes the program; 0: not known yet */
	bool joins;       /* `cloned` is an intermediate that clones the main process and exits */
	bool started;
	bool exited;
	int status;       /* as wait4(2) gives it */
	uint64_t started_at, exited_at;
} process;

/* Descriptors that are polled; -1 when they have ended. */
static int status_fd = FD_STATUS;
static int output_fd[2] = { -1, -1 };

static void leave_nothing(void)
{
	if (options.flags & LISTEN)
		sys(unlinkat, FD_RUN, "monitor.sock", 0);
	if (options.flags & RECORD)
		sys(unlinkat, FD_STATE, "exit.tmp", 0);
}

_Noreturn void monitor_abandon(void)
{
	leave_nothing();
	exit_group(0);
}

_Noreturn void monitor_fail(uint32_t step, uint32_t error)
{
	uint8_t payload[12] = { 0 };

	put32(payload, step);
	put32(payload + 4, error);
	put32(payload + 8, (uint32_t)process.status);
	leave_nothing();
	connection_tell(FD_CONTROL, FRAME_FAILED, payload, sizeof(payload));
	exit_group(1);
}

void monitor_tell_state(int connection)
{
	uint8_t payload[12];

	if (!process.started)
		return;
	put32(payload, (uint32_t)process.main);
	put64(payload + 4, process.started_at);
	connection_tell(connection, FRAME_STARTED, payload, sizeof(payload));
}

/* --- the launch --------------------------------------------------------------------------------------------------- */

/*
 * Taking forty mounts down takes the kernel a millisecond. It does so when the last reference to their namespace goes:
 * with this one that is not when the container ends but when the monitor does, which has told of the end by then.
 */
static void hold_mounts(void)
{
	char path[32];
	char *end = append(path, "/proc/");

	end = append_number(end, (uint64_t)process.main);
	*append(end, "/ns/mnt") = 0;
	long fd = sys(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return; /* it has ended already */
	sys(dup3, fd, FD_MOUNTS, O_CLOEXEC);
	sys(close, fd);
}

/* The child executed its program, or has gone. */
static void launch_ended(void)
{
	sys(close, FD_STATUS);
	status_fd = -1;
	if (progress->state != EXECUTED) {
		/* Nothing of it may be left when the engine hears of it. */
		int status;
		while (sys(wait4, -1, &status, 0, NULL) > 0)
			process.status = status;
		monitor_fail(progress->step, progress->state == FAILED ? (uint32_t)progress->error : 0);
	}
	if (process.joins)
		process.main = progress->pid;
	else
		hold_mounts();
	process.started = true;
	process.started_at = now();
	uint8_t payload[12];
	put32(payload, (uint32_t)process.main);
	put64(payload + 4, process.started_at);
	connections_tell(FRAME_STARTED, payload, sizeof(payload));
}

static void receive_terminal(void)
{
	struct {
		uint64_t length;
		int level, type;
		int fd;
	} control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = {
		.iov = &iov, .iov_length = 1, .control = &control, .control_length = sizeof(control),
	};

	if (sys(recvmsg, FD_TERMINAL_SOCKET, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1)
		return;
	sys(dup3, control.fd, FD_STDIN, O_CLOEXEC);
	sys(close, control.fd);
	sys(fcntl, FD_STDIN, F_SETFL, O_RDWR | O_NONBLOCK);
	/* While one slave is open the master does not report the end, whoever closes theirs in the container. */
	long peer = sys(ioctl, FD_STDIN, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (peer >= 0) {
		sys(dup3, peer, FD_TERMINAL_PEER, O_CLOEXEC);
		sys(close, peer);
	}
	output_fd[0] = FD_STDIN;
	terminal_ready = true;
}

/* --- output ------------------------------------------------------------------------------------------------------- */

static void deliver(void)
{
	if (connections_deliver())
		chunk.length = 0;
}

/* Reads from one of the output streams; false if there is nothing now. */
static bool read_output(int index)
{
	if (output_fd[index] < 0)
		return false;
	long n = sys(read, output_fd[index], chunk.bytes, CHUNK_SIZE);
	if (n == -EAGAIN)
		return false;
	if (n <= 0) { /* EIO is the end of a terminal */
		output_fd[index] = -1;
		return false;
	}
	chunk.length = (uint32_t)n;
	chunk.stream = (uint8_t)(index + FRAME_STDOUT);
	memset(chunk.header, 0, sizeof(chunk.header));
	chunk.header[0] = chunk.stream;
	put32(chunk.header + 4, __builtin_bswap32(chunk.length));
	if (options.flags & LOG)
		log_write(chunk.stream, chunk.bytes, chunk.length);
	connections_begin_chunk();
	deliver();
	return true;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void reap(void)
{
	int status;
	long pid;
	uint8_t discarded[128]; /* struct signalfd_siginfo */

	sys(read, FD_SIGNALS, discarded, sizeof(discarded));
	while ((pid = sys(wait4, -1, &status, WAIT_NOHANG, NULL)) > 0) {
		if (revival_was(pid))
			continue;
		/* Of a pair the main process is the other, which may end before the intermediate could tell its pid. */
		bool intermediate = process.joins && pid == process.cloned;

		if (!intermediate || !process.exited)
			process.status = status;
		if (intermediate)
			continue;
		process.exited = true;
		process.exited_at = now();
	}
}

/*
 * The end is written down, but no engine knows: where the keeper has been killed, too, nobody else may start the next.
 * Until then nothing is held that the next one needs, or may wait for.
 */
static void await_engine(void)
{
	sys(close_range, FD_STATE, FD_LAST_OF_MONITOR, 0);
	revival_linger();
}

static _Noreturn void finish(void)
{
	uint8_t payload[12];

	if (options.flags & LOG)
		log_close();
	if (options.flags & RECORD)
		record_exit(process.status, process.started_at, process.exited_at);
	if (options.flags & LISTEN)
		sys(unlinkat, FD_RUN, "monitor.sock", 0);
	put32(payload, (uint32_t)process.status);
	put64(payload + 4, process.exited_at);
	connections_tell(FRAME_EXITED, payload, sizeof(payload));
	bool told = connections_have_control();
	connections_close();
	/* A connection may be that of an engine that is being killed just now. */
	if (options.flags & LISTEN && (!told || revival_is_wanted()))
		await_engine();
	exit_group(0);
}

/* --- the loop ----------------------------------------------------------------------------------------------------- */

enum slot { SIGNALS, STATUS, LISTENER, TERMINAL_SOCKET, INPUT, OUTPUT, ERRORS, FIRST_CONNECTION };
enum { SLOTS = FIRST_CONNECTION + MAX_CONNECTIONS };

/* ppoll(2) of the slots that are in use: all of them can be more than RLIMIT_NOFILE lets it take. */
static long poll_used(struct pollfd *slots, const struct __kernel_timespec *patience)
{
	static struct pollfd used[SLOTS];
	static uint8_t slot_of[SLOTS];
	int count = 0;

	for (int slot = 0; slot < SLOTS; slot++) {
		if (slots[slot].fd < 0)
			continue;
		slot_of[count] = (uint8_t)slot;
		used[count++] = slots[slot];
	}
	long ready = sys(ppoll, used, count, patience, NULL, 0);
	while (count--)
		slots[slot_of[count]].revents = used[count].revents;
	return ready;
}

static bool wait_for_events(struct pollfd *slots)
{
	bool idle = chunk.length == 0;
	bool listens = options.flags & LISTEN;
	bool awaits_terminal = options.flags & TERMINAL && !terminal_ready;
	bool outlives_engine = listens && process.started && !process.exited;
	const struct __kernel_timespec for_clients = { .tv_sec = PATIENCE_SECONDS };
	const struct __kernel_timespec *patience = process.exited && !idle ? &for_clients : NULL;

	if (outlives_engine)
		patience = revival_patience(connections_have_control());

	slots[SIGNALS] = (struct pollfd){ FD_SIGNALS, POLLIN, 0 };
	slots[STATUS] = (struct pollfd){ status_fd, POLLIN, 0 };
	slots[LISTENER] = (struct pollfd){ listens ? FD_LISTENER : -1, POLLIN, 0 };
	slots[TERMINAL_SOCKET] = (struct pollfd){ awaits_terminal && status_fd >= 0 ? FD_TERMINAL_SOCKET : -1, POLLIN, 0 };
	slots[INPUT] = (struct pollfd){ input_pending() ? FD_STDIN : -1, POLLOUT, 0 };
	slots[OUTPUT] = (struct pollfd){ idle ? output_fd[0] : -1, POLLIN, 0 };
	slots[ERRORS] = (struct pollfd){ idle ? output_fd[1] : -1, POLLIN, 0 };
	connections_poll(slots + FIRST_CONNECTION);
	return poll_used(slots, patience) != 0;
}

_Noreturn void monitor_run(int pid)
{
	static struct pollfd slots[SLOTS];

	sys(close_range, FD_CHILD_STATUS, FD_LEFT - 1, 0);
	sys(close_range, FD_INHERITED, ~0u, 0);
	process.cloned = pid;
	process.joins = program_clones(ROLE_EXIT);
	process.main = process.joins ? 0 : pid;
	connection_add_control(FD_CONTROL);
	if (options.flags & ATTACHED)
		connection_add_stream(FD_ATTACHED, options.attach_flags);
	if (!(options.flags & TERMINAL)) {
		output_fd[0] = FD_STDOUT;
		output_fd[1] = FD_STDERR;
	}
	for (;;) {
		if (!wait_for_events(slots) && process.exited)
			connections_drop_slow();
		if (slots[TERMINAL_SOCKET].revents)
			receive_terminal();
		if (slots[STATUS].revents)
			launch_ended();
		if (slots[SIGNALS].revents)
			reap();
		if (slots[INPUT].revents)
			input_flush();
		connections_serve(slots + FIRST_CONNECTION);
		if (slots[LISTENER].revents)
			connection_accept(FD_LISTENER);
		if (chunk.length)
			deliver();
		/* What the process wrote is in the pipe when it has ended: one look is enough. */
		for (int index = 0; index < 2 && !chunk.length; index++)
			if (slots[OUTPUT + index].revents || process.exited)
				while (!chunk.length && read_output(index) && process.exited)
					;
		if (process.exited && process.started && !chunk.length)
			finish();
	}
}
