/*
 * tscompose-keeper PROGRAM ARGUMENT...: the parent of the engine. An engine that is killed is started again at once, so
 * that name service, health checks and restarts go on when no command comes. One that ends by itself was told to, or has
 * said why it cannot go on: then this ends in the same way.
 */
#include "keeper.h"

#include <asm/signal.h>
#include <linux/time_types.h>

#include "sys.h"

/*
 * Engines that die within a second, one after the other, are started at once a few times, then with a pause. Where one
 * after the other dies before it was ready something is wrong that no further engine will mend.
 */
enum { SECOND = 1000000000, AT_ONCE = 3, SOON = 20, GIVE_UP = 8 };

static const uint64_t end_signals = UINT64_C(1) << (SIGTERM - 1) | UINT64_C(1) << (SIGINT - 1);
static const uint64_t child_signal = UINT64_C(1) << (SIGCHLD - 1);

/* What an engine writes when it is ready, here and in the engine: KEEPER_FD in ../../engine/daemon/report.ts. */
enum { FD_READY = 4 };
static int ready[2];

static int start(char **command, char **environment)
{
	uint64_t none = 0;
	long pid = sys(clone, SIGCHLD, 0, 0, 0, 0);

	if (pid)
		return (int)pid;
	/* A session of its own: what kills its process group leaves this here. */
	sys(setsid);
	sys(dup3, ready[1], FD_READY, 0);
	sys(rt_sigprocmask, SIG_SETMASK, &none, NULL, SIGSET_SIZE);
	sys(execve, command[0], command, environment);
	exit_group(127);
}

/* Waits for the end of the engine, and passes on to it what asks for that. Returns its status as wait4(2) gives it. */
static int wait_for(int engine)
{
	uint64_t mask = end_signals | child_signal;
	int status;

	for (;;) {
		long signal = sys(rt_sigtimedwait, &mask, NULL, NULL, SIGSET_SIZE);

		if (signal > 0 && signal != SIGCHLD)
			sys(kill, engine, signal);
		if (sys(wait4, engine, &status, WAIT_NOHANG, NULL) == engine)
			return status;
	}
}

/* False if it was asked to end meanwhile. */
static bool pause_for(uint64_t nanoseconds)
{
	struct __kernel_timespec time = { (int64_t)(nanoseconds / SECOND), (int64_t)(nanoseconds % SECOND) };

	return sys(rt_sigtimedwait, &end_signals, NULL, &time, SIGSET_SIZE) < 0;
}

static _Noreturn void end_as(int status)
{
	uint64_t none = 0;
	int signal = status & 0x7f;

	if (!signal)
		exit_group((status >> 8) & 0xff);
	sys(rt_sigprocmask, SIG_SETMASK, &none, NULL, SIGSET_SIZE);
	long self = sys(getpid);
	sys(kill, self, signal);
	exit_group(128 + signal);
}

static bool was_ready(void)
{
	char told[8];

	return sys(read, ready[0], told, sizeof(told)) > 0;
}

_Noreturn void keeper_run(char **command, char **environment)
{
	int deaths = 0, failures = 0; /* one soon after the other; before being ready */

	if (sys(pipe2, ready, O_CLOEXEC | O_NONBLOCK))
		exit_group(127);
	for (;;) {
		uint64_t began = now();
		int engine = start(command, environment);
		if (engine < 0)
			exit_group(127);
		int status = wait_for(engine);
		bool killed = status & 0x7f;

		deaths = now() - began < SECOND ? deaths + 1 : 0;
		failures = was_ready() ? 0 : failures + 1;
		if (!killed || failures == GIVE_UP)
			end_as(status);
		if (!pause_for(deaths <= AT_ONCE ? 0 : deaths <= SOON ? SECOND / 10 : SECOND))
			exit_group(0);
	}
}
