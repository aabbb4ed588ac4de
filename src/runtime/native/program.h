/* The launch program as ../program-encode.ts encodes it, and the descriptors of the process that runs it. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "sys.h"

enum {
	PROGRAM_MAGIC = 0x50435354,
	PROGRAM_VERSION = 2,
};

struct program {
	uint32_t magic;
	uint32_t version;
	uint32_t steps;
	uint32_t relocations_at;
	uint32_t relocations;
	uint8_t reserved[12];
};

enum opcode { OP_CALL, OP_CLONE, OP_EXEC };
enum kind { KIND_WORD, KIND_POINTER, KIND_RESULT };
enum role { ROLE_MONITOR, ROLE_EXIT, ROLE_INIT };
enum { OPERANDS = 6, TOLERATED = 8 };

struct step {
	uint8_t op;
	uint8_t kinds[OPERANDS];
	uint8_t role;
	uint32_t number;
	uint32_t reserved;
	uint16_t tolerated[TOLERATED];
	uint64_t operands[OPERANDS];
	int64_t result;
};

/* What the engine gives the monitor. */
enum {
	FD_CONTROL = 3,
	FD_PROGRAM = 4,
	FD_RUN = 5,
	FD_STATE = 6,
	FD_ATTACHED = 7,
};
/* The monitor's own: there are always two free numbers below, so that none of these is taken when its turn comes. */
enum {
	FD_FIRST_FREE = 8,
	FD_LISTENER = 12,
	FD_SIGNALS = 13,
	FD_STATUS = 14,
	FD_STDIN = 15, /* a pipe, or the master of the terminal */
	FD_STDOUT = 16,
	FD_STDERR = 17,
	FD_LOG = 18,
	FD_TERMINAL_SOCKET = 19,
	FD_TERMINAL_PEER = 20,
	FD_EXIT = 21,
	FD_MOUNTS = 22, /* the mount namespace of a container */
	FD_NAME_SERVER = 23, /* given: what is asked there while there is no engine waits for the next one */
	FD_LAST_OF_MONITOR = FD_NAME_SERVER,
};
/* The child's: `descriptor` in ../program.ts. */
enum {
	FD_CHILD_STATUS = 24,
	FD_CHILD_STDIN = 25,
	FD_CHILD_STDOUT = 26,
	FD_CHILD_STDERR = 27,
	FD_CHILD_TERMINAL = 28,
	FD_INHERITED = 32,
};
/* The monitor's again: namespaces that it has left, for another engine. */
enum {
	FD_LEFT = 29,
	FD_LAST_LEFT = 31,
};

/*
 * How far the child has come, in a page that it shares with the monitor until it execs. It says so here and not in
 * messages, since a seccomp filter may kill it at any call; the end of the status pipe says when to look.
 */
enum progress_state { RUNNING, FAILED, EXECUTED };
struct progress {
	volatile uint32_t step;
	volatile uint32_t state;
	volatile int32_t error;
	volatile int32_t pid; /* told by ROLE_EXIT */
};

extern struct program *program;
extern size_t program_size;
extern struct progress *progress;

static inline struct step *program_steps(void)
{
	return (struct step *)(program + 1);
}

/* Maps the program from FD_PROGRAM, makes its pointers addresses. Returns 0 or -errno. */
int program_load(void);
/* Whether a clone with this role is in the program. */
bool program_clones(enum role role);
/* Runs the steps in this process and those it clones. */
_Noreturn void program_run(void);

/* Step numbers of failures before the first step, see `setupWords` in ../launch-failure.ts. */
enum {
	SETUP_PROGRAM = 0xfffffff1,
	SETUP_LISTEN = 0xfffffff2,
	SETUP_LOG = 0xfffffff3,
	SETUP_STREAMS = 0xfffffff4,
	SETUP_NAMESPACES = 0xfffffff5,
};

#endif
