/*
 * Makes each system call of a table and prints its name with the errno that came back, 0 or `killed`. The table is
 * written by syscalls.ts: { "name", number, { arguments } }.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/personality.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* No call does anything with these: no such descriptor, no readable address, all flags at once. */
#define NONSENSE { -1, -1, -1, -1, -1, -1 }
#define I386 0x10000000L
#define X32 0x40000000L
#define I386_MOUNT 21

static const struct {
	const char *name;
	long number;
	long arguments[6];
} calls[] = {
#include "syscalls.inc"
};

static long make(long number, const long *arguments)
{
#ifdef __x86_64__
	if (number & I386) {
		long result;

		__asm__ volatile("int $0x80" : "=a"(result) : "a"(number & ~I386), "b"(-1), "c"(-1) : "memory");
		errno = result < 0 ? (int)-result : 0;
		return result < 0 ? -1 : result;
	}
#endif
	return syscall(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		int status;
		pid_t self = getpid();
		pid_t pid = fork(); /* what a call does to its process must not matter to the next */

		if (pid == 0) {
			long result = make(calls[i].number, calls[i].arguments);
			int error = result < 0 ? errno : 0;

			_exit(getppid() == self ? error : 0); /* clone(2) returns twice */
		}
		waitpid(pid, &status, 0);
		if (WIFEXITED(status))
			printf("%s: %d\n", calls[i].name, WEXITSTATUS(status));
		else
			printf("%s: killed\n", calls[i].name);
	}
	return 0;
}
