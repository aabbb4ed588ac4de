/*
 * tscompose-monitor NAME: started by the engine with descriptors at the numbers of program.h, never by a person. NAME
 * is for ps(1). Under other names it is the engine's keeper, or the lookout of a container that has no monitor.
 */
#include <asm/signal.h>
#include <linux/prctl.h>
#include <linux/signalfd.h>
#include <linux/un.h>

#include "init.h"
#include "keeper.h"
#include "log.h"
#include "monitor.h"
#include "oom.h"
#include "program.h"
#include "record.h"
#include "revival.h"
#include "text.h"

struct options options;

static void reset_signals(void)
{
	uint64_t all = ALL_SIGNALS;
	uint64_t action[4] = { 0 }; /* struct sigaction: SIG_DFL */

	sys(rt_sigprocmask, SIG_SETMASK, &all, NULL, SIGSET_SIZE);
	for (int signal = 1; signal <= 64; signal++)
		sys(rt_sigaction, signal, action, NULL, SIGSET_SIZE);
}

static void move(long from, int to)
{
	sys(dup3, from, to, O_CLOEXEC);
	sys(close, from);
}

static void listen_on_socket(void)
{
	struct sockaddr_un address = { FAMILY_UNIX, "monitor.sock" };

	/* A name relative to the working directory has no trouble with the 108 bytes of sun_path. */
	sys(fchdir, FD_RUN);
	sys(unlinkat, AT_FDCWD, address.sun_path, 0);
	sys(umask, 0177);
	long fd = sys(socket, FAMILY_UNIX, SOCKET_STREAM | SOCKET_CLOEXEC, 0);
	long error = fd < 0 ? fd : sys(bind, fd, &address, sizeof(address));
	if (!error)
		error = sys(listen, fd, 64);
	if (error)
		monitor_fail(SETUP_LISTEN, (uint32_t)-error);
	move(fd, FD_LISTENER);
}

static void pipe_to(int read_end, int write_end)
{
	int ends[2];
	long error = sys(pipe2, ends, O_CLOEXEC);

	if (error)
		monitor_fail(SETUP_STREAMS, (uint32_t)-error);
	move(ends[0], read_end);
	move(ends[1], write_end);
}

static void open_streams(void)
{
	uint64_t child = UINT64_C(1) << (SIGCHLD - 1);

	move(sys(signalfd4, -1, &child, SIGSET_SIZE, SFD_CLOEXEC | SFD_NONBLOCK), FD_SIGNALS);
	pipe_to(FD_STATUS, FD_CHILD_STATUS);
	if (options.flags & TERMINAL) {
		int ends[2];
		long error = sys(socketpair, FAMILY_UNIX, SOCKET_STREAM | SOCKET_CLOEXEC, 0, ends);

		if (error)
			monitor_fail(SETUP_STREAMS, (uint32_t)-error);
		move(ends[0], FD_TERMINAL_SOCKET);
		move(ends[1], FD_CHILD_TERMINAL);
		return;
	}
	if (options.flags & STDIN) {
		pipe_to(FD_CHILD_STDIN, FD_STDIN);
		sys(fcntl, FD_STDIN, F_SETFL, O_WRONLY | O_NONBLOCK);
	}
	pipe_to(FD_STDOUT, FD_CHILD_STDOUT);
	pipe_to(FD_STDERR, FD_CHILD_STDERR);
	sys(fcntl, FD_STDOUT, F_SETFL, O_NONBLOCK);
	sys(fcntl, FD_STDERR, F_SETFL, O_NONBLOCK);
}

/* 0, 1 and 2 are of the engine, and so may be descriptors at the numbers of those that it did not pass. */
static void forget_engine(void)
{
	long null = sys(openat, AT_FDCWD, "/dev/null", O_RDWR, 0);

	for (int fd = 0; fd <= 2; fd++)
		if (null != fd)
			sys(dup3, null, fd, 0);
	if (!(options.flags & LISTEN))
		sys(close, FD_RUN);
	if (!(options.flags & (RECORD | LOG)))
		sys(close, FD_STATE);
	if (!(options.flags & ATTACHED))
		sys(close, FD_ATTACHED);
	sys(close_range, FD_FIRST_FREE, FD_NAME_SERVER - 1, 0);
	if (!(options.flags & NAME_SERVER))
		sys(close, FD_NAME_SERVER);
	sys(close_range, FD_NAME_SERVER + 1, FD_INHERITED - 1, 0);
	sys(close_range, FD_INHERITED + options.inherited, ~0u, 0);
}

/* A network namespace takes the kernel longer than all the others, but the engine is not done yet. */
static void make_namespaces(void)
{
	static const char *const left[] = { "/proc/self/ns/net", "/proc/self/ns/ipc", "/proc/self/ns/uts" };

	if (!options.unshare)
		return;
	for (int fd = FD_LEFT; fd <= FD_LAST_LEFT; fd++)
		move(sys(openat, AT_FDCWD, left[fd - FD_LEFT], O_RDONLY | O_CLOEXEC, 0), fd);
	long error = sys(unshare, options.unshare);
	if (error)
		monitor_fail(SETUP_NAMESPACES, (uint32_t)-error);
}

_Noreturn void start(char **stack);

__attribute__((used)) void start(char **stack)
{
	char **argv = stack + 1;

	if (same(argv[0], KEEPER_NAME)) {
		reset_signals();
		keeper_run();
	}
	if (same(argv[0], LOOKOUT_NAME)) {
		reset_signals();
		oom_score(OOM_SCORE_MONITOR);
		lookout_run();
	}
	arguments_start = arguments_end = argv[0];
	for (; *argv; argv++)
		for (arguments_end = *argv; *arguments_end++;)
			;
	reset_signals();
	oom_score(OOM_SCORE_MONITOR);
	sys(prctl, PR_SET_NAME, "tscompose-mon", 0, 0, 0);
	/* Inherited by all that the program clones until they exec: nothing in the container may look into them. */
	sys(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (sys(read, FD_CONTROL, &options, sizeof(options)) != sizeof(options))
		exit_group(0);
	forget_engine();
	/* Ctrl-C and the end of the terminal at the engine are not meant for containers. */
	sys(setsid);
	if (options.flags & LISTEN)
		listen_on_socket();
	sys(chdir, "/");
	sys(umask, 0022);
	if (options.flags & RECORD)
		record_prepare();
	long error = options.flags & LOG ? log_open() : 0;
	if (error)
		monitor_fail(SETUP_LOG, (uint32_t)-error);
	open_streams();
	make_namespaces();
	/* The program is written meanwhile. A byte tells that it is whole, the end of the connection that it never will be. */
	uint8_t ready;
	if (sys(read, FD_CONTROL, &ready, 1) != 1)
		monitor_abandon();
	error = program_load();
	if (error)
		monitor_fail(SETUP_PROGRAM, (uint32_t)-error);
	program_run();
}

DEFINE_START(start);
