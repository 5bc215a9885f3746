/* SPDX-License-Identifier: MIT */
#ifndef EMG_LIVE_SECTION_H
#define EMG_LIVE_SECTION_H

#include "exact.h"

#include <stdint.h>

/* A second-order section y/x = (b0 + b1 z^-1 + b2 z^-2) / (1 + a1 z^-1 + a2 z^-2), and its state once an
 * input of 1 that never changes has settled. */
typedef struct {
    float b0, b1, b2, a1, a2;
    float settled0, settled1;
} emg_section_t;

/* One sample of each of `count` electrodes through one section in the transposed direct form II, in place;
 * `state` holds the first delays of all electrodes, then the second. Coefficients stay in registers over all
 * of them. */
static inline void emg_section_row(const emg_section_t *section, float *state, float *row, int32_t count) {
    const float b0 = section->b0, b1 = section->b1, b2 = section->b2, a1 = section->a1, a2 = section->a2;
    float *first = state, *second = state + count;
    for (int32_t e = 0; e < count; ++e) {
        const float x = row[e];
        const float y = b0 * x + first[e];
        first[e] = b1 * x - a1 * y + second[e];
        second[e] = b2 * x - a2 * y;
        row[e] = y;
    }
}

#endif
