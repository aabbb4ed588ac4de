#ifndef KEEPER_H
#define KEEPER_H

/* What argv[0] is for this part of the program; what follows is for ps(1). */
#define KEEPER_NAME "tscompose-keeper"

/* What it is given, also by ../../engine/daemon/keeper.ts. */
enum {
	FD_KEEPER_REPORT = 3,  /* for the engine: where it says that it is ready */
	FD_KEEPER_RUN = 4,     /* the run-time directory, with the names below */
	FD_KEEPER_LOCK = 5,    /* KEEPER_LOCK, which may be locked already */
	FD_KEEPER_ENGINE = 6,  /* a socket to the engine that runs already; none where one is to be started */
};

/* Of these there is one keeper at a time, which holds it. */
#define KEEPER_LOCK "keeper.lock"
/* What the engine's process is to execute: arguments, an empty string, the environment; each ends with a NUL. */
#define KEEPER_COMMAND "keeper.command"
/* There where an engine was told to end, or cannot be started: nobody is to start another one unasked. */
#define ENGINE_STOPPED "engine.stopped"
#define ENGINE_LOG "engine.log"

/* Runs the program of the engine, and again each time a signal kills it. */
_Noreturn void keeper_run(void);

#endif
