/*
 * tscompose-keeper: the parent of the engine. An engine that is killed is started again at once, so that name service,
 * health checks and restarts go on when no command comes. One that ends by itself was told to, or has said why it cannot
 * go on: then this ends in the same way. Each looks after the other: an engine whose keeper is killed starts the next,
 * which then waits for an engine that is no child of it. Where both are killed, a monitor starts a keeper: revival.c.
 */
#include "keeper.h"

#include <asm/signal.h>
#include <linux/poll.h>
#include <linux/signalfd.h>
#include <linux/time_types.h>

#include "oom.h"
#include "sys.h"
#include "text.h"

/*
 * Engines that die one after the other are started at once a few times, then with a pause. Where one after the other
 * dies before it was ready something is wrong that no further engine will mend; but for want of memory, for which the
 * kernel kills with SIGKILL, and which passes.
 */
enum { SECOND = 1000000000, AT_ONCE = 3, SOON = 20, GIVE_UP = 8 };

static const uint64_t end_signals = UINT64_C(1) << (SIGTERM - 1) | UINT64_C(1) << (SIGINT - 1);
static const uint64_t child_signal = UINT64_C(1) << (SIGCHLD - 1);

/* Of the engine: its end of the socket by which each hears that the other has gone. KEEPER_FD in keeper.ts. */
enum { FD_ENGINES_KEEPER = 4 };

static int engine;      /* its pid */
static int connection;  /* to the engine */
static bool adopted;    /* it is no child of this process */
static int signals;     /* signalfd(2) */
static bool locked;

/* --- the command -------------------------------------------------------------------------------------------------- */

enum { COMMAND_SIZE = 64 * 1024, ARGUMENTS = 32, VARIABLES = 256 };
static char text[COMMAND_SIZE];
static char *arguments[ARGUMENTS + 1], *environment[VARIABLES + 1];

/* Splits what begins at `from` up to an empty string, or to `end`. Returns what follows. */
static char *split(char *from, const char *end, char **into, int room)
{
	while (from < end && *from && room--) {
		*into++ = from;
		from += length_of(from) + 1;
	}
	return from + 1;
}

static bool read_command(void)
{
	long fd = sys(openat, FD_KEEPER_RUN, KEEPER_COMMAND, O_RDONLY | O_CLOEXEC, 0);
	long size = sys(read, fd, text, COMMAND_SIZE);

	sys(close, fd);
	if (size <= 0 || size == COMMAND_SIZE)
		return false;
	char *rest = split(text, text + size, arguments, ARGUMENTS);
	split(rest, text + size, environment, VARIABLES);
	return arguments[0] != NULL;
}

/* --- one engine --------------------------------------------------------------------------------------------------- */

static bool start(void)
{
	uint64_t none = 0;
	int ends[2];

	if (sys(socketpair, FAMILY_UNIX, SOCKET_STREAM | SOCKET_CLOEXEC | SOCKET_NONBLOCK, 0, ends))
		return false;
	long pid = sys(clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		oom_score(OOM_SCORE_ENGINE);
		/* A session of its own: what kills its process group leaves this here. */
		sys(setsid);
		sys(dup3, ends[1], FD_ENGINES_KEEPER, 0);
		sys(rt_sigprocmask, SIG_SETMASK, &none, NULL, SIGSET_SIZE);
		sys(execve, arguments[0], arguments, environment);
		exit_group(127);
	}
	sys(close, ends[1]);
	connection = ends[0];
	engine = (int)pid;
	adopted = false;
	return pid > 0;
}

/*
 * Between a keeper that has gone and this one another may have come that a command has started, and of commands that come
 * at once each starts one. The other will go soon; until this one has the lock monitors take it for gone.
 */
static void take_lock(void)
{
	if (!locked)
		locked = !sys(flock, FD_KEEPER_LOCK, LOCK_EX | LOCK_NB);
}

/* Of an engine that is no child of this process: had it been killed, or told to end? */
static int status_of_adopted(void)
{
	return sys(faccessat, FD_KEEPER_RUN, ENGINE_STOPPED, 0) ? SIGKILL : 0;
}

static void pass_on_signal(void)
{
	struct signalfd_siginfo info;

	if (sys(read, signals, &info, sizeof(info)) != sizeof(info) || info.ssi_signo == SIGCHLD)
		return;
	/* While it is this one's parent the number is nobody else's. */
	if (!adopted || sys(getppid) == engine)
		sys(kill, engine, info.ssi_signo);
}

/* Waits for the end of the engine, and passes on to it what asks for that. Returns its status as wait4(2) gives it. */
static int wait_for_end(void)
{
	struct __kernel_timespec soon = { .tv_nsec = SECOND / 50 };
	int status;

	for (;;) {
		struct pollfd slots[2] = { { signals, POLLIN, 0 }, { adopted ? connection : -1, POLLIN, 0 } };

		take_lock();
		sys(ppoll, slots, 2, locked ? NULL : &soon, NULL, 0);
		if (slots[0].revents)
			pass_on_signal();
		if (adopted ? slots[1].revents != 0 : sys(wait4, engine, &status, WAIT_NOHANG, NULL) == engine)
			return adopted ? status_of_adopted() : status;
	}
}

/* It has said so, and then died. */
static bool was_ready(void)
{
	char told[8];
	bool ready = adopted || sys(read, connection, told, sizeof(told)) > 0;

	sys(close, connection);
	return ready;
}

/* --- one after the other ------------------------------------------------------------------------------------------ */

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

	/* Monitors would start the next one. An engine that ends with 0 has said so itself, or has found another one. */
	if (status && locked)
		sys(openat, FD_KEEPER_RUN, ENGINE_STOPPED, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (!signal)
		exit_group((status >> 8) & 0xff);
	sys(rt_sigprocmask, SIG_SETMASK, &none, NULL, SIGSET_SIZE);
	long self = sys(getpid);
	sys(kill, self, signal);
	exit_group(128 + signal);
}

static void prepare(void)
{
	uint64_t mask = end_signals | child_signal;

	oom_score(OOM_SCORE_KEEPER);
	adopted = sys(fcntl, FD_KEEPER_ENGINE, F_GETFD) >= 0;
	for (int fd = FD_KEEPER_RUN; fd <= FD_KEEPER_ENGINE; fd++)
		sys(fcntl, fd, F_SETFD, FD_CLOEXEC);
	connection = FD_KEEPER_ENGINE;
	engine = (int)sys(getppid);
	signals = (int)sys(signalfd4, -1, &mask, SIGSET_SIZE, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0 || !read_command())
		exit_group(127);
}

_Noreturn void keeper_run(void)
{
	int deaths = 0, failures = 0; /* one soon after the other; before being ready */
	bool works = false;           /* one has been ready */

	prepare();
	for (;;) {
		uint64_t began = uptime();
		if (!adopted && !start())
			end_as(127 << 8);
		int status = wait_for_end();
		int signal = status & 0x7f;

		deaths = uptime() - began < SECOND ? deaths + 1 : 0;
		failures = was_ready() ? 0 : failures + 1;
		works = works || !failures;
		adopted = false;
		if (!signal || (failures >= GIVE_UP && !(works && signal == SIGKILL)))
			end_as(status);
		int unlucky = deaths > failures ? deaths : failures;
		if (!pause_for(unlucky <= AT_ONCE ? 0 : unlucky <= SOON ? SECOND / 10 : SECOND))
			exit_group(0);
	}
}
