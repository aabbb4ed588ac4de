/*
 * The log of a container: a record for each line, in the file `log` of the state directory. When that would get larger
 * than its limit it becomes `log.1`, which becomes `log.2`, and so on. ../log-format.ts has the reader's view.
 *
 *     u64 time, nanoseconds since 1970 | u32 length | u8 stream | u8 flags | u16 mark | the line | u32 length of all
 *
 * All little-endian. The length at the end lets a reader walk backwards; the mark tells a record from garbage.
 */
#ifndef LOG_H
#define LOG_H

#include "sys.h"

enum {
	LOG_HEADER = 16,
	LOG_TRAILER = 4,
	LOG_MARK = 0x4c54,
	LOG_LINE = 16 * 1024, /* a longer line is several records */
	LOG_PARTIAL = 1,      /* no newline follows */
	LOG_NOTICE = 2,       /* no line of the process: it begins with LOG_NOTICE_BEGIN and how many are missing */
};

#define LOG_NOTICE_BEGIN "[tscompose: "

/* Opens the log, and cuts off what a monitor killed in the middle of a record has left. Returns 0 or -errno. */
int log_open(void);
void log_write(uint8_t stream, const uint8_t *bytes, uint32_t length);
/* Writes also the last line, which has no newline. */
void log_close(void);

#endif
