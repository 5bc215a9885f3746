/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_FULLY_CONNECTED_S16_H
#define EMG_KERNELS_FULLY_CONNECTED_S16_H

#include <stdint.h>

typedef struct {
    const int8_t *weights; /* [units][depth] */
    const int32_t *bias;
    const int32_t *bias_high;  /* upper halves, or 0 where every bias fits 32 bits */
    const int32_t *multiplier; /* [units][3]: 18 bits each, the lowest first */
    const int8_t *shift;       /* to the right, past the 36 bits of the lower two */
    int32_t weights_zero_point;
    int32_t rows; /* input vectors, one after the other */
    int32_t depth;
    int32_t units;
    int32_t low, high;
} emg_fully_connected_s16_t;

/* FULLY_CONNECTED, int16 with int8 weights; `out` must not overlap `in`. */
void emg_fully_connected_s16(const emg_fully_connected_s16_t *layer, const int16_t *in, int16_t *out);

#endif
