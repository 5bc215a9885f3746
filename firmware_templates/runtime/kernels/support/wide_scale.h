/* SPDX-License-Identifier: MIT */
/* Multiplication by 54 bits, for dense layers whose scale no 31 bits reproduce. */
#ifndef EMG_KERNELS_WIDE_SCALE_H
#define EMG_KERNELS_WIDE_SCALE_H

#include <stdint.h>

/* Beyond it every 16-bit output is saturated; within it no partial product overflows. */
#define EMG_WIDE_LARGEST ((int64_t)1 << 43)

static inline int64_t emg_wide_clamp(int64_t x, int64_t low, int64_t high) {
    return x < low ? low : (x > high ? high : x);
}

/* round(acc * multiplier / 2^(36 + shift)), ties away from zero; `multiplier` are 18 bits each, the
 * lowest first. The product of up to 97 bits is built from its lowest bits on, and what can no longer
 * matter is dropped. */
static inline int64_t emg_wide_scale(int64_t acc, const int32_t *multiplier, int32_t shift) {
    const int64_t x = emg_wide_clamp(acc < 0 ? -acc : acc, 0, EMG_WIDE_LARGEST);
    const int64_t lowest = x * multiplier[0] >> 18;
    const int64_t middle = (x * multiplier[1] + lowest) >> 18;
    const int64_t q = (x * multiplier[2] + middle + ((int64_t)1 << (shift - 1))) >> shift;
    return acc < 0 ? -q : q;
}

#endif
