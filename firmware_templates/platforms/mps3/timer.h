/* SPDX-License-Identifier: MIT */
/* The system counter of the SSE-300 (Arm DDI 101773, system timestamp counter) counts the core's clock
 * in 64 bits. Its control frame is secure. */
#ifndef EMG_TIMER_H
#define EMG_TIMER_H

#include <stdint.h>

#include "../build_info.h"
#include "core.h"

#define EMG_COUNTER_CONTROL EMG_REGISTER(0x58100000u)
#define EMG_COUNTER_LOW EMG_REGISTER(0x58100008u)
#define EMG_COUNTER_HIGH EMG_REGISTER(0x5810000Cu)

static inline void emg_timer_start(void) {
    EMG_COUNTER_CONTROL = 1u;
}

/* Nanoseconds modulo 2^32: a tick of 32 MHz takes 125/4 of them. */
static inline uint32_t emg_timer_nanoseconds(void) {
    uint32_t high, low;
#if EMG_CLOCK_HZ != 32000000
#error "the counter's tick is taken to be that of 32 MHz"
#endif
    do {
        high = EMG_COUNTER_HIGH;
        low = EMG_COUNTER_LOW;
    } while (high != EMG_COUNTER_HIGH);
    return (uint32_t)((((uint64_t)high << 32) | low) * 125u / 4u);
}

#endif
