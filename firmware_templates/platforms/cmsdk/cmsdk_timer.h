/* SPDX-License-Identifier: MIT */
/* A timer of the Cortex-M System Design Kit (TRM, DDI 0479, section 4.2) that counts down from 2^32. */
#ifndef EMG_CMSDK_TIMER_H
#define EMG_CMSDK_TIMER_H

#include <stdint.h>

#include "../build_info.h"
#include "core.h"

#define EMG_TIMER_CTRL EMG_REGISTER(EMG_TIMER_BASE + 0x00u)
#define EMG_TIMER_VALUE EMG_REGISTER(EMG_TIMER_BASE + 0x04u)
#define EMG_TIMER_RELOAD EMG_REGISTER(EMG_TIMER_BASE + 0x08u)

static inline void emg_timer_start(void) {
    EMG_TIMER_RELOAD = 0xFFFFFFFFu;
    EMG_TIMER_VALUE = 0xFFFFFFFFu;
    EMG_TIMER_CTRL = 1u;
}

/* Modulo 2^32; the core's clock divides a second into whole nanoseconds. */
static inline uint32_t emg_timer_nanoseconds(void) {
    return (0xFFFFFFFFu - EMG_TIMER_VALUE) * (1000000000u / EMG_CLOCK_HZ);
}

#endif
