/* SPDX-License-Identifier: MIT */
/* Stands in for NuttX's header where only sizes are wanted; the values are arbitrary. */
#ifndef EMG_STANDIN_POLL_H
#define EMG_STANDIN_POLL_H

#define POLLIN 1
#define POLLOUT 4

struct pollfd {
    int fd;
    unsigned int events;
    unsigned int revents;
    void *private_words[4];
};

int poll(struct pollfd *descriptors, unsigned int count, int milliseconds);

#endif
