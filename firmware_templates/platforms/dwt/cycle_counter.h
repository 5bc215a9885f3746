/* SPDX-License-Identifier: MIT */
/* The cycle counter of ARMv7-M and ARMv8-M Mainline cores (ARMv7-M Architecture Reference Manual, C1.6.5
 * and C1.8.7), for platforms whose registers somebody else set up. Cores without it have none. */
#ifndef EMG_CYCLE_COUNTER_H
#define EMG_CYCLE_COUNTER_H

#include <stdint.h>

#if defined(__ARM_ARCH_7M__) || defined(__ARM_ARCH_7EM__) || defined(__ARM_ARCH_8M_MAIN__) ||                \
    defined(__ARM_ARCH_8_1M_MAIN__)
#define EMG_DEMCR (*(volatile uint32_t *)0xE000EDFCu)
#define EMG_DEMCR_TRCENA (1u << 24)
#define EMG_DWT_CTRL (*(volatile uint32_t *)0xE0001000u)
#define EMG_DWT_CTRL_CYCCNTENA 1u
#define EMG_DWT_CYCCNT (*(volatile uint32_t *)0xE0001004u)
#endif

static inline uint32_t emg_cycle_counter(void) {
#ifdef EMG_DWT_CYCCNT
    return EMG_DWT_CYCCNT;
#else
    return 0;
#endif
}

/* Whether it counts. An emulator may have the register without the counter: it then stays where it is. */
static inline int emg_cycle_counter_start(void) {
#ifdef EMG_DWT_CYCCNT
    uint32_t begin;
    int i;
    EMG_DEMCR |= EMG_DEMCR_TRCENA;
    EMG_DWT_CTRL |= EMG_DWT_CTRL_CYCCNTENA;
    begin = EMG_DWT_CYCCNT;
    for (i = 0; i < 100; i++) {
        if (EMG_DWT_CYCCNT != begin) {
            return 1;
        }
    }
#endif
    return 0;
}

#endif
