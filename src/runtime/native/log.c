#include "log.h"

#include <linux/stat.h>

#include "monitor.h"
#include "program.h"
#include "text.h"

enum { LOG_MODE = 0640, OUT_SIZE = 64 * 1024, NOTICE = 160 };

static struct {
	uint64_t size; /* of the file */
	uint64_t time;
	uint32_t used;
	uint32_t records;
	uint64_t told; /* how many lost ones the notice that the bytes begin with tells of */
	uint8_t stream; /* of the last record */
	uint8_t bytes[OUT_SIZE];
} out;

/* The beginning of a line whose newline has not come, one for each stream. */
static struct {
	uint32_t length;
	uint8_t bytes[LOG_LINE];
} begun[2];

/* What could not be written: the process must not wait for a disk. It is told with the next that can. */
static struct {
	uint64_t records;
	long error;
	uint8_t stream; /* the last of theirs */
} lost;

static int open_file(const char *name, int flags)
{
	long fd = sys(openat, FD_STATE, name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | flags, LOG_MODE);

	if (fd < 0)
		return (int)fd;
	sys(dup3, fd, FD_LOG, O_CLOEXEC);
	sys(close, fd);
	return 0;
}

/* The size of the record whose header is `header`, 0 if it is none. */
static uint32_t record_size(const uint8_t *header)
{
	uint32_t length, mark = 0;

	memcpy(&length, header + 8, 4);
	memcpy(&mark, header + 14, 2);
	return mark == LOG_MARK && length <= LOG_LINE ? LOG_HEADER + length + LOG_TRAILER : 0;
}

static uint32_t record_at(uint64_t offset, uint64_t end)
{
	uint8_t header[LOG_HEADER];

	if (sys(pread64, FD_LOG, header, LOG_HEADER, offset) != LOG_HEADER)
		return 0;
	uint32_t size = record_size(header);
	return offset + size <= end ? size : 0;
}

/* The size of the record that ends there, 0 if none does. */
static uint32_t record_before(uint64_t end)
{
	uint32_t size;

	if (end < LOG_HEADER + LOG_TRAILER || sys(pread64, FD_LOG, &size, LOG_TRAILER, end - LOG_TRAILER) != LOG_TRAILER)
		return 0;
	return size <= end && record_at(end - size, end) == size ? size : 0;
}

int log_open(void)
{
	int error = open_file("log", 0);

	if (error)
		return error;
	uint64_t end = (uint64_t)sys(lseek, FD_LOG, 0, 2 /* SEEK_END */);
	out.size = end;
	if (end == 0 || record_before(end))
		return 0;
	out.size = 0;
	for (uint32_t size; (size = record_at(out.size, end)) > 0;)
		out.size += size;
	return (int)sys(ftruncate, FD_LOG, out.size);
}

static void lose(long error)
{
	lost.records += out.told + out.records;
	lost.error = error;
	lost.stream = out.stream;
	out.told = out.used = out.records = 0;
}

static void flush(void)
{
	uint32_t written = 0;

	while (written < out.used) {
		long n = sys(write, FD_LOG, out.bytes + written, out.used - written);

		if (n <= 0) {
			/* What was written in part is no record. */
			sys(ftruncate, FD_LOG, out.size);
			lose(n);
			return;
		}
		written += (uint32_t)n;
	}
	out.size += written;
	out.told = out.used = out.records = 0;
}

static void numbered(char *name, uint32_t number)
{
	name = append(name, "log");
	if (number > 0)
		name = append_number(append(name, "."), number);
	*name = '\0';
}

/* The new file first: where there is no room for one, the others stay what they are. */
static long rotate(void)
{
	char from[32], to[32];
	long error = open_file("log.new", O_TRUNC);

	if (error)
		return error;
	for (uint32_t i = options.log_max_files; i-- > 1;) {
		numbered(from, i - 1);
		numbered(to, i);
		sys(renameat, FD_STATE, from, FD_STATE, to);
	}
	sys(renameat, FD_STATE, "log.new", FD_STATE, "log");
	out.size = 0;
	return 0;
}

static void encode(uint8_t stream, uint8_t flags, const uint8_t *head, uint32_t head_length, const uint8_t *tail,
		   uint32_t tail_length)
{
	uint32_t length = head_length + tail_length;
	uint32_t size = LOG_HEADER + length + LOG_TRAILER;
	uint8_t *to = out.bytes + out.used;

	put64(to, out.time);
	put32(to + 8, length);
	put32(to + 12, stream | (uint32_t)flags << 8 | (uint32_t)LOG_MARK << 16);
	memcpy(to + LOG_HEADER, head, head_length);
	memcpy(to + LOG_HEADER + head_length, tail, tail_length);
	put32(to + LOG_HEADER + length, size);
	out.used += size;
	out.records++;
	out.stream = stream;
}

/* --- what is missing ---------------------------------------------------------------------------------------------- */

/* Writes the words at `to`, which has room for NOTICE. Returns how many bytes there are. */
static uint32_t put_notice(uint8_t *to)
{
	char *text = (char *)to, *end = append_number(append(text, LOG_NOTICE_BEGIN), lost.records);
	bool full = lost.error == -ENOSPC || lost.error == -EDQUOT;

	end = append(end, lost.records == 1 ? " line is missing here: " : " lines are missing here: ");
	end = append(end, full ? "the disk was full]" : "the log could not be written]");
	return (uint32_t)(end - text);
}

/* A line of its own, where the lines would be. If it cannot be written, all that comes with it is lost, too. */
static void tell_loss(void)
{
	uint8_t text[NOTICE];

	if (!lost.records || out.used)
		return;
	encode(lost.stream, LOG_NOTICE, text, put_notice(text), NULL, 0);
	out.told = lost.records;
	out.records = 0;
	lost.records = 0;
}

/* How many records the one at `offset` stands for. */
static uint64_t records_in(uint64_t offset)
{
	uint8_t head[LOG_HEADER + NOTICE];
	uint64_t number = 0;
	long n = sys(pread64, FD_LOG, head, sizeof(head), offset);

	if (n < LOG_HEADER || !(head[13] & LOG_NOTICE))
		return 1;
	for (long at = LOG_HEADER + sizeof(LOG_NOTICE_BEGIN) - 1; at < n && head[at] >= '0' && head[at] <= '9'; at++)
		number = number * 10 + head[at] - '0';
	return number;
}

/*
 * At the end there may be no room for the notice, and nobody to write it later. Then it takes that of the last lines, to
 * the byte, for readers that have come as far; and counts them, too.
 */
static void tell_loss_over_lines(void)
{
	uint8_t *text = begun[0].bytes; /* is needed no more */
	uint64_t at = out.size;
	uint32_t size, room, length;

	do {
		size = record_before(at);
		if (!size)
			return;
		at -= size;
		lost.records += records_in(at);
		length = put_notice(text);
		room = (uint32_t)(out.size - at) - LOG_HEADER - LOG_TRAILER;
	} while (room < length);
	if (room > LOG_LINE)
		return;
	memset(text + length, ' ', room - length);
	out.used = 0;
	encode(lost.stream, LOG_NOTICE, text, room, NULL, 0);
	sys(fcntl, FD_LOG, F_SETFL, 0); /* without O_APPEND, with which pwrite(2) appends */
	sys(pwrite64, FD_LOG, out.bytes, out.used, at);
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

static void record(uint8_t stream, uint8_t flags, const uint8_t *head, uint32_t head_length, const uint8_t *tail,
		   uint32_t tail_length)
{
	uint32_t size = LOG_HEADER + head_length + tail_length + LOG_TRAILER;

	if (options.log_max_size && out.size + out.used > 0 && out.size + out.used + size > options.log_max_size) {
		flush();
		long error = rotate();
		if (error) {
			out.records = 1;
			out.stream = stream;
			lose(error);
			return;
		}
	} else if (out.used + size > OUT_SIZE) {
		flush();
	}
	tell_loss();
	encode(stream, flags, head, head_length, tail, tail_length);
}

void log_write(uint8_t stream, const uint8_t *bytes, uint32_t length)
{
	uint32_t *held = &begun[stream - 1].length;
	uint8_t *line = begun[stream - 1].bytes;

	out.time = now();
	while (length > 0) {
		const uint8_t *newline = find_byte(bytes, '\n', length);
		uint32_t taken = newline ? (uint32_t)(newline - bytes) : length;

		if (*held + taken > LOG_LINE) {
			taken = LOG_LINE - *held;
			record(stream, LOG_PARTIAL, line, *held, bytes, taken);
			*held = 0;
		} else if (newline) {
			record(stream, 0, line, *held, bytes, taken);
			*held = 0;
			taken++;
		} else {
			memcpy(line + *held, bytes, taken);
			*held += taken;
		}
		bytes += taken;
		length -= taken;
	}
	flush();
}

void log_close(void)
{
	out.time = now();
	for (uint8_t stream = 1; stream <= 2; stream++)
		if (begun[stream - 1].length > 0)
			record(stream, LOG_PARTIAL, begun[stream - 1].bytes, begun[stream - 1].length, NULL, 0);
	flush();
	tell_loss();
	flush();
	if (lost.records)
		tell_loss_over_lines();
}
