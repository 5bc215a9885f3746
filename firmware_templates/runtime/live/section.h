#ifndef EMG_LIVE_SECTION_H
#define EMG_LIVE_SECTION_H

#include "exact.h"

/* A second-order section y/x = (b0 + b1 z^-1 + b2 z^-2) / (1 + a1 z^-1 + a2 z^-2), and its state once an
 * input of 1 that never changes has settled. */
typedef struct {
    float b0, b1, b2, a1, a2;
    float settled0, settled1;
} emg_section_t;

/* One sample through one section in the transposed direct form II; `state` holds its two delays. */
static inline float emg_section(const emg_section_t *section, float *state, float x) {
    const float y = section->b0 * x + state[0];
    state[0] = section->b1 * x - section->a1 * y + state[1];
    state[1] = section->b2 * x - section->a2 * y;
    return y;
}

#endif
