/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_SOFTMAX_S16_H
#define EMG_KERNELS_SOFTMAX_S16_H

#include <stdint.h>

typedef struct {
    const int16_t *exp;        /* 513 points of exp over [-10, 0], Q0.15 */
    const int16_t *reciprocal; /* 513 points of 1 / (1 + x) over [0, 1], Q0.15 */
    int32_t multiplier, shift; /* from input steps to 1/65535 of the exponential's range */
    int32_t rows, depth;
} emg_softmax_s16_t;

/* SOFTMAX over rows of `depth` values, int16; `out` may be `in`. */
void emg_softmax_s16(const emg_softmax_s16_t *layer, const int16_t *in, int16_t *out);

#endif
