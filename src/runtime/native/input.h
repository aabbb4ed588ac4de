/* Standard input of the process: one piece at a time, from whichever connection has something. */
#ifndef INPUT_H
#define INPUT_H

#include "sys.h"

/* There is room for the next piece. */
bool input_wanted(void);
/* Takes a piece from a connection, and throws it away unless `wanted`. Returns what read(2) returned. */
long input_receive(int fd, bool wanted);
/* Writes what is there; to be called when FD_STDIN takes more. */
void input_flush(void);
bool input_pending(void);
/* Closes standard input once all is written. The end of a terminal's input is a key of its user: nothing happens. */
void input_end(void);

#endif
