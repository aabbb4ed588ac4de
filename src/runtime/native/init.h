#ifndef INIT_H
#define INIT_H

/* Where the kernel keeps the arguments that ps(1) shows. */
extern char *arguments_start, *arguments_end;

/* Becomes the init of a container whose main process is the child `pid`. */
_Noreturn void init_run(int pid);

#endif
