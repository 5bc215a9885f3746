/* SPDX-License-Identifier: MIT */
/* Timer 0 of these boards counts the core's clock. */
#ifndef EMG_TIMER_H
#define EMG_TIMER_H

#define EMG_TIMER_BASE 0x40000000u

#include "cmsdk_timer.h"

#endif
