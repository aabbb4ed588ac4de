/*
 * Where an engine is killed its keeper starts the next, and the other way round. Where both are killed at once, the
 * monitors are left, and the lookouts of containers that wait for their restart. Of all that look the one that gets the
 * keeper's lock starts a keeper, which goes on holding it.
 */
#include "revival.h"

#include <linux/poll.h>
#include <linux/time_types.h>

#include "keeper.h"
#include "monitor.h"
#include "program.h"

/* From one look to the next, in milliseconds; doubled each time. A keeper needs half a second to start an engine. */
enum { FIRST = 8, LAST = 1024 };
enum { MILLISECOND = 1000000, SECOND = 1000000000 };

/* A lookout, and a monitor whose process has ended, look for ten seconds: any engine that begins has come by then. */
enum { LOOKS = 16 };

static uint64_t delay = FIRST; /* 0: there is nothing to look for until an engine has come and gone */
static uint64_t next;          /* look, by uptime(); 0: not known yet */
static long keeper;
static const char *run_directory = "../.."; /* from FD_RUN, that of the container: see create-runtime.ts */

/* Puts descriptors to where the keeper expects them; those of the monitor are closed. */
static void arrange(long run, long lock)
{
	long null = sys(openat, AT_FDCWD, "/dev/null", O_RDWR, 0);
	long log = sys(openat, run, ENGINE_LOG, O_WRONLY | O_APPEND | O_CREAT, 0600);
	long given[] = { null, log, log, null, run, lock };

	/* First out of the way: a number may be one that another is to have. */
	for (int fd = 0; fd <= FD_KEEPER_LOCK; fd++)
		given[fd] = sys(fcntl, given[fd], F_DUPFD, FD_INHERITED);
	for (int fd = 0; fd <= FD_KEEPER_LOCK; fd++)
		sys(dup3, given[fd], fd, 0);
	sys(close_range, FD_KEEPER_LOCK + 1, ~0u, 0);
}

static void start(long run, long lock)
{
	static char *arguments[] = { KEEPER_NAME, "by a monitor", NULL };
	static char *environment[] = { NULL };

	keeper = sys(clone, 17 /* SIGCHLD */, 0, 0, 0, 0);
	if (keeper)
		return;
	for (int fd = FD_LEFT; options.unshare && fd <= FD_LAST_LEFT; fd++)
		if (sys(setns, fd, 0))
			exit_group(127);
	arrange(run, lock);
	sys(setsid);
	sys(execve, "/proc/self/exe", arguments, environment);
	exit_group(127);
}

static void look(void)
{
	long run = sys(openat, FD_RUN, run_directory, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	bool wanted = sys(faccessat, run, KEEPER_COMMAND, 0) == 0 && sys(faccessat, run, ENGINE_STOPPED, 0);
	long lock = wanted ? sys(openat, run, KEEPER_LOCK, O_RDWR | O_CLOEXEC, 0) : -1;

	delay = lock < 0 ? 0 : delay < LAST ? delay * 2 : LAST;
	if (lock >= 0 && !sys(flock, lock, LOCK_EX | LOCK_NB))
		start(run, lock);
	sys(close, lock);
	sys(close, run);
}

const struct __kernel_timespec *revival_patience(bool has_engine)
{
	static struct __kernel_timespec patience;

	if (has_engine) {
		delay = FIRST;
		next = 0;
		return NULL;
	}
	if (!delay)
		return NULL;
	uint64_t time = uptime();
	if (next && next <= time)
		look();
	if (!next || next <= time)
		next = time + delay * MILLISECOND;
	patience.tv_sec = (int64_t)((next - time) / SECOND);
	patience.tv_nsec = (int64_t)((next - time) % SECOND);
	return delay ? &patience : NULL;
}

bool revival_was(long pid)
{
	return pid == keeper;
}

bool revival_is_wanted(void)
{
	long run = sys(openat, FD_RUN, run_directory, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	long lock = sys(faccessat, run, ENGINE_STOPPED, 0) ? sys(openat, run, KEEPER_LOCK, O_RDWR | O_CLOEXEC, 0) : -1;
	bool wanted = lock >= 0 && !sys(flock, lock, LOCK_EX | LOCK_NB);

	sys(close, lock);
	sys(close, run);
	return wanted;
}

void revival_linger(void)
{
	const struct __kernel_timespec *patience;

	for (int looks = 0; looks < LOOKS && (patience = revival_patience(false)); looks++)
		sys(ppoll, NULL, 0, patience, NULL, 0);
}

_Noreturn void lookout_run(void)
{
	uint8_t dismissed;

	run_directory = ".";
	sys(setsid);
	sys(close_range, FD_RUN + 1, ~0u, 0);
	if (sys(read, FD_CONTROL, &dismissed, 1) != 1)
		revival_linger();
	exit_group(0);
}
