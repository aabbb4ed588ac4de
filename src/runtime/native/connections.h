/*
 * Connections to the monitor: control connections, which are told events, and stream connections, which have attached
 * and carry the bare bytes of the process' streams in both directions.
 */
#ifndef CONNECTIONS_H
#define CONNECTIONS_H

#include <linux/poll.h>

#include "sys.h"

enum { MAX_CONNECTIONS = 64 };

void connection_add_control(int fd);
void connection_add_stream(int fd, uint32_t attach_flags);
void connection_accept(int listener);

/* Whether somebody who can be told is there: the engine. */
bool connections_have_control(void);
/* Sends a frame; what the connection cannot take at once is lost, as for one that does not read. */
void connection_tell(int fd, uint8_t type, const void *payload, uint32_t length);
/* Tells all control connections. */
void connections_tell(uint8_t type, const void *payload, uint32_t length);

/* Fills in what to wait for, MAX_CONNECTIONS entries. The same entries go to connections_serve afterwards. */
void connections_poll(struct pollfd *entries);
void connections_serve(const struct pollfd *entries);

/* The chunk is a new one. */
void connections_begin_chunk(void);
/* Gives the chunk to all attached. True: nobody is waiting for more of it. */
bool connections_deliver(void);
/* Gives up those that have not taken the chunk. */
void connections_drop_slow(void);
/* Ends all connections; the other side still finds what was sent. */
void connections_close(void);

#endif
