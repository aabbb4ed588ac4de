/*
 * The reaper that is PID 1 of a container: without it, a program that installs no handler cannot be stopped with a
 * signal, since the kernel ignores those for PID 1. It becomes so in place, without a further exec, and holds nothing:
 * no descriptor, and no page of the launch program that it would share with anybody.
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

	sys(close_range, 0, ~0u, 0);
	sys(munmap, progress, sizeof(*progress));
	sys(munmap, program, program_size);
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
