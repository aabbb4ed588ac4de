/* The file `exit` in the state directory, from which an engine learns of what ended while there was none. */
#ifndef RECORD_H
#define RECORD_H

#include "sys.h"

/* Removes the record of the last run and takes the space for the next: at the end the disk may be full. */
void record_prepare(void);
/* Writes the record, whole or not at all: `status` as wait4(2) gives it, times in nanoseconds since 1970. */
void record_exit(int status, uint64_t started_at, uint64_t finished_at);

#endif
