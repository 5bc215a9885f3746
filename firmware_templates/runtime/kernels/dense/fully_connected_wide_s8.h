/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_FULLY_CONNECTED_WIDE_S8_H
#define EMG_KERNELS_FULLY_CONNECTED_WIDE_S8_H

#include <stdint.h>

typedef struct {
    const int8_t *weights;     /* [units][depth] */
    const int32_t *bias;       /* the input's zero point is folded in */
    const int32_t *multiplier; /* [units][3]: 18 bits each, the lowest first */
    const int8_t *shift;       /* to the right, past the 36 bits of the lower two */
    int32_t weights_zero_point;
    int32_t rows; /* input vectors, one after the other */
    int32_t depth;
    int32_t units;
    int32_t zero_point; /* of the output */
    int32_t low, high;
} emg_fully_connected_wide_s8_t;

/* FULLY_CONNECTED, int8, for scales so small that a 31-bit multiplier rounds some output otherwise than
 * the reference; `out` must not overlap `in`. */
void emg_fully_connected_wide_s8(const emg_fully_connected_wide_s8_t *layer, const int8_t *in, int8_t *out);

#endif
