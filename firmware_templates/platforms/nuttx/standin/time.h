/* SPDX-License-Identifier: MIT */
/* Adds to the C library's header what NuttX has and bare metal lacks. */
#ifndef EMG_STANDIN_TIME_H
#define EMG_STANDIN_TIME_H

#include_next <time.h>

#ifndef CLOCK_MONOTONIC
#define CLOCK_MONOTONIC 1
int clock_gettime(clockid_t clock, struct timespec *time);
#endif

#endif
