/*
 * The reaper that is PID 1 of a container: without it, a program that installs no handler cannot be stopped with a
 * signal, since the kernel ignores those for PID 1. It becomes so in place, without a further exec, and holds no page of
 * the launch program that it would share with anybody. Of the descriptors it keeps the output: cron jobs and hooks write
 * to the container's log by /proc/1/fd/1 and 2, which are the program's own where that is PID 1.
 */
#include "init.h"

#include <asm/signal.h>
#include <linux/prctl.h>

#include "program.h"

char *arguments_start, *arguments_end;

static void rename_process(void)
{
	static const char name[] = "init";

	sys(prctl, PR_SET_NAME, name, 0, 0, 0);
	if (arguments_end - arguments_start < (long)sizeof(name) + 1)
		return;
	memset(arguments_start, 0, (size_t)(arguments_end - arguments_start));
	memcpy(arguments_start, name, sizeof(name));
	/* Where the last byte is no NUL, /proc/PID/cmdline ends at the first: proc_pid_cmdline(5), setproctitle(3). */
	arguments_end[-1] = ' ';
}

static void reap(int main_pid)
{
	int status;
	long pid;

	while ((pid = sys(wait4, -1, &status, WAIT_NOHANG, NULL)) > 0) {
		if (pid != main_pid)
			continue;
		/* The end of PID 1 is the end of all others in its namespace. */
		int signal = status & 0x7f;
		exit_group(signal ? 128 + signal : (status >> 8) & 0xff);
	}
}

_Noreturn void init_run(int pid)
{
	uint64_t all = ALL_SIGNALS;

	sys(close, 0);
	sys(close_range, 3, ~0u, 0);
	/* Nothing is left here to hide from the program, which may do all that init may. Without it /proc/1/fd is closed. */
	if (!sys(munmap, progress, sizeof(*progress)) && !sys(munmap, program, program_size))
		sys(prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
	/* Orphans come here in a shared pid namespace too. */
	sys(prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	rename_process();
	/* All signals have been blocked since the monitor began, so none came too early. */
	for (;;) {
		long signal = sys(rt_sigtimedwait, &all, NULL, NULL, SIGSET_SIZE);

		if (signal == SIGCHLD)
			reap(pid);
		else if (signal > 0)
			sys(kill, pid, signal);
	}
}
