/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_REDUCE_EXTREME_S8_H
#define EMG_KERNELS_REDUCE_EXTREME_S8_H

#include <stdint.h>

typedef struct {
    int32_t kept[2], kept_stride[2]; /* axes that remain; strides in elements of the input */
    int32_t reduced[2], reduced_stride[2];
    int32_t largest; /* 1: the largest value, 0: the smallest */
} emg_reduce_extreme_s8_t;

/* REDUCE_MAX and REDUCE_MIN, int8; `out` must not overlap `in`. */
void emg_reduce_extreme_s8(const emg_reduce_extreme_s8_t *layer, const int8_t *in, int8_t *out);

#endif
