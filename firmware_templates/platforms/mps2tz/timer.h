/* SPDX-License-Identifier: MIT */
/* Timer 0 of the IoT kit, at its secure address, counts the core's clock. */
#ifndef EMG_TIMER_H
#define EMG_TIMER_H

#define EMG_TIMER_BASE 0x50000000u

#include "cmsdk_timer.h"

#endif
