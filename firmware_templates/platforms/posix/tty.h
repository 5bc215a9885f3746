/* SPDX-License-Identifier: MIT */
/* The wire of platforms that have an operating system: a tty, opened raw. */
#ifndef EMG_TTY_H
#define EMG_TTY_H

#include <stdint.h>

/* Opens `path` raw, at `baud` bit/s unless that is 0; -1 with errno when it cannot. From then on
 * SIGINT and SIGTERM end the program through emg_tty_leave(). */
int emg_tty_open(const char *path, uint32_t baud);

/* Gives the tty its old settings back and ends the program. */
void emg_tty_leave(void);

#endif
