/* Frames between engine and monitor; the drawing and the meaning are in ../protocol.ts. */
#ifndef PROTOCOL_H
#define PROTOCOL_H

enum frame {
	/* from the monitor */
	FRAME_STDOUT = 1,
	FRAME_STDERR = 2,
	FRAME_STARTED = 16,
	FRAME_FAILED = 17,
	FRAME_EXITED = 18,
	FRAME_ATTACHED = 19,
	/* to the monitor */
	FRAME_WATCH = 32,
	FRAME_ATTACH = 33,
	FRAME_RESIZE = 34,
};

enum {
	FRAME_HEADER = 8,
	FRAME_MAX_PAYLOAD = 16, /* of those that are no output */
};

enum attach_flags {
	ATTACH_STDIN = 1,
	ATTACH_STDOUT = 2,
	ATTACH_STDERR = 4,
	ATTACH_CLOSE_STDIN = 8,
};

#endif
