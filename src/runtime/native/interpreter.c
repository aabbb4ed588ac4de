/*
 * Runs the steps of a launch program. What they are to be is decided in TypeScript; here is no policy.
 */
#include <asm/signal.h>
#include <linux/close_range.h>
#include <linux/mman.h>
#include <linux/sched.h>

#include "init.h"
#include "monitor.h"
#include "program.h"

struct program *program;
size_t program_size;
struct progress *progress;

/* The monitor has not cloned yet: a failure is its own. */
static bool in_monitor = true;

static uint64_t operand(const struct step *step, int index)
{
	uint64_t value = step->operands[index];

	switch (step->kinds[index]) {
	case KIND_POINTER:
		return (uint64_t)program + value;
	case KIND_RESULT:
		return (uint64_t) * (int64_t *)((uint8_t *)program + value);
	default:
		return value;
	}
}

static _Noreturn void fail(long error)
{
	if (in_monitor)
		monitor_fail(progress->step, (uint32_t)-error);
	progress->error = (int32_t)-error;
	progress->state = FAILED;
	exit_group(127);
}

static bool tolerated(const struct step *step, long error)
{
	for (int i = 0; i < TOLERATED && step->tolerated[i]; i++)
		if (step->tolerated[i] == -error)
			return true;
	return false;
}

static void call(struct step *step)
{
	long result = syscall6(step->number, (long)operand(step, 0), (long)operand(step, 1), (long)operand(step, 2),
			       (long)operand(step, 3), (long)operand(step, 4), (long)operand(step, 5));

	if (result < 0 && result >= -4095 && !tolerated(step, result))
		fail(result);
	step->result = result;
}

/* Returns in the child only. */
static void clone(const struct step *step)
{
	uint64_t flags = operand(step, 0);
	struct clone_args args = {
		.flags = flags,
		.cgroup = operand(step, 1),
		/* A child of CLONE_PARENT takes over the signal of its sibling. */
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};
	long pid = sys(clone3, &args, sizeof(args));

	/* A seccomp filter that is loaded already may refuse clone3, whose flags it cannot see; C libraries do the same. */
	if ((pid == -ENOSYS || pid == -EPERM) && !args.cgroup)
		pid = sys(clone, flags | args.exit_signal, 0, 0, 0, 0);
	if (pid < 0)
		fail(pid);
	if (pid == 0) {
		if (in_monitor) {
			sys(close_range, FD_CONTROL, FD_LAST_OF_MONITOR, 0);
			sys(close_range, FD_LEFT, FD_LAST_LEFT, 0);
		}
		in_monitor = false;
		return;
	}
	switch (step->role) {
	case ROLE_MONITOR:
		monitor_run((int)pid);
	case ROLE_INIT:
		init_run((int)pid);
	default:
		progress->pid = (int32_t)pid;
		exit_group(0);
	}
}

/* execvp(3): what is not there is passed over, what may not be executed is remembered. */
static _Noreturn void exec(const struct step *step)
{
	const char **candidates = (const char **)operand(step, 0);
	uint64_t none = 0;
	long error = -ENOENT;

	sys(close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC);
	sys(rt_sigprocmask, SIG_SETMASK, &none, NULL, SIGSET_SIZE);
	progress->state = EXECUTED;
	for (; *candidates; candidates++) {
		long result = sys(execve, *candidates, operand(step, 1), operand(step, 2));

		if (result != -ENOENT && result != -ENOTDIR && result != -EACCES)
			fail(result);
		if (result == -EACCES)
			error = result;
	}
	fail(error);
}

int program_load(void)
{
	/* The size of a memfd is where it ends. */
	long size = sys(lseek, FD_PROGRAM, 0, 2 /* SEEK_END */);
	long at = sys(mmap, NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, FD_PROGRAM, 0);

	sys(close, FD_PROGRAM);
	if (size < (long)sizeof(*program) || (at < 0 && at >= -4095))
		return -EINVAL;
	program = (struct program *)at;
	program_size = (size_t)size;
	if (program->magic != PROGRAM_MAGIC || program->version != PROGRAM_VERSION)
		return -EINVAL;

	const uint32_t *relocation = (const uint32_t *)((uint8_t *)program + program->relocations_at);
	for (uint32_t i = 0; i < program->relocations; i++)
		*(uint64_t *)((uint8_t *)program + relocation[i]) += (uint64_t)program;

	at = sys(mmap, NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (at < 0 && at >= -4095)
		return (int)at;
	progress = (struct progress *)at;
	return 0;
}

_Noreturn void program_run(void)
{
	struct step *step = program_steps();

	for (progress->step = 0; progress->step < program->steps; progress->step++, step++) {
		if (step->op == OP_CALL)
			call(step);
		else if (step->op == OP_CLONE)
			clone(step);
		else
			exec(step);
	}
	fail(-EINVAL);
}

bool program_clones(enum role role)
{
	const struct step *step = program_steps();

	for (uint32_t i = 0; i < program->steps; i++)
		if (step[i].op == OP_CLONE && step[i].role == role)
			return true;
	return false;
}
