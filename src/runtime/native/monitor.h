#ifndef MONITOR_H
#define MONITOR_H

#include "sys.h"

/* What the monitor is, as ../monitor-options.ts encodes it. */
struct options {
	uint32_t flags;
	uint32_t unshare; /* the namespaces to make for the child, as flags of unshare(2) */
	uint32_t attach_flags;
	uint32_t inherited; /* how many descriptors there are from FD_INHERITED on */
	uint64_t log_max_size;
	uint32_t log_max_files;
	uint32_t reserved;
};
extern struct options options;

/* struct options, flags */
enum {
	LISTEN = 1,   /* on monitor.sock in the run directory */
	RECORD = 2,   /* the exit in the state directory */
	LOG = 4,      /* the output in the state directory */
	STDIN = 8,    /* standard input is a pipe */
	TERMINAL = 16,
	ATTACHED = 32, /* there is a stream connection already */
	NAME_SERVER = 64, /* there is a socket to hold */
};

/*
 * A piece of output on its way. There is one at a time: the next is read when all that are attached have this one, so
 * a slow client slows the container down and needs no buffer.
 */
enum { CHUNK_SIZE = 64 * 1024 };
struct chunk {
	uint32_t length; /* 0: there is none */
	uint8_t stream;
	uint8_t header[8];
	uint8_t bytes[CHUNK_SIZE];
};
extern struct chunk chunk;

/* The master of the terminal has come. */
extern bool terminal_ready;

/* Watches the child `pid` until it has ended. */
_Noreturn void monitor_run(int pid);
/* Ends the monitor because there will be no program. */
_Noreturn void monitor_abandon(void);
/* Tells the engine that the launch failed at `step`, which may be a SETUP_ number, and ends the monitor. */
_Noreturn void monitor_fail(uint32_t step, uint32_t error);

/* Tells the connection the state of the process, if there is something to tell. */
void monitor_tell_state(int connection);

#endif
