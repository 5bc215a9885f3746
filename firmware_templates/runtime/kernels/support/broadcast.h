/* SPDX-License-Identifier: MIT */
/* How operators of two operands walk over them where one repeats along some axes. */
#ifndef EMG_KERNELS_BROADCAST_H
#define EMG_KERNELS_BROADCAST_H

#include <stdint.h>

typedef struct {
    int32_t shape[4];    /* of the output; the last axis is walked innermost */
    int32_t a_stride[4]; /* in elements; 0 where the operand repeats */
    int32_t b_stride[4];
} emg_broadcast_t;

static inline int32_t emg_broadcast_rows(const emg_broadcast_t *walk) {
    return walk->shape[0] * walk->shape[1] * walk->shape[2];
}

/* Where the output's row number `row` begins in an operand. */
static inline int32_t emg_broadcast_row(const emg_broadcast_t *walk, const int32_t *stride, int32_t row) {
    const int32_t plane = row / walk->shape[2];
    return (plane / walk->shape[1]) * stride[0] + (plane % walk->shape[1]) * stride[1] +
           (row % walk->shape[2]) * stride[2];
}

#endif
