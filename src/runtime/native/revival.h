#ifndef REVIVAL_H
#define REVIVAL_H

#include "sys.h"

struct __kernel_timespec;

/*
 * To be called before every wait: starts a keeper, and with it an engine, where neither is and nobody has told them to
 * end. Returns how long to wait at most until it is to be called again; NULL: for ever.
 */
const struct __kernel_timespec *revival_patience(bool has_engine);
/* Whether a child of the monitor that has ended is such a keeper. */
bool revival_was(long pid);

#endif
