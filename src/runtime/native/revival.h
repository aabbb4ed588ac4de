#ifndef REVIVAL_H
#define REVIVAL_H

#include "sys.h"

struct __kernel_timespec;

/* What argv[0] is for a lookout; what follows is for ps(1). */
#define LOOKOUT_NAME "tscompose-lookout"

/*
 * To be called before every wait: starts a keeper, and with it an engine, where neither is and nobody has told them to
 * end. Returns how long to wait at most until it is to be called again; NULL: for ever.
 */
const struct __kernel_timespec *revival_patience(bool has_engine);
/* Whether a child of the monitor that has ended is such a keeper. */
bool revival_was(long pid);
/* Whether there is no keeper, though there should be one. */
bool revival_is_wanted(void);
/* For who is about to end without having told an engine: looks until another one must have come. */
void revival_linger(void);
/*
 * For a container that waits for its restart, and so has no monitor: looks once the engine is killed. FD_CONTROL is a
 * connection to it, on which a byte says that the wait is over, and FD_RUN the engine's run-time directory.
 */
_Noreturn void lookout_run(void);

#endif
