#ifndef KEEPER_H
#define KEEPER_H

/* What argv[0] is for this part of the program. */
#define KEEPER_NAME "tscompose-keeper"

/* Runs the program of `command`, and again each time a signal kills it. */
_Noreturn void keeper_run(char **command, char **environment);

#endif
