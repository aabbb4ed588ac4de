#ifndef MONITOR_H
#define MONITOR_H

#include "sys.h"

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
/* Tells the engine that the launch failed at `step`, which may be a SETUP_ number, and ends the monitor. */
_Noreturn void monitor_fail(uint32_t step, uint32_t error);

/* Tells the connection the state of the process, if there is something to tell. */
void monitor_tell_state(int connection);

#endif
