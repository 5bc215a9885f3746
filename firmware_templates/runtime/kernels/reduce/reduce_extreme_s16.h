/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_REDUCE_EXTREME_S16_H
#define EMG_KERNELS_REDUCE_EXTREME_S16_H

#include <stdint.h>

typedef struct {
    int32_t kept[2], kept_stride[2]; /* axes that remain; strides in elements of the input */
    int32_t reduced[2], reduced_stride[2];
    int32_t largest; /* 1: the largest value, 0: the smallest */
} emg_reduce_extreme_s16_t;

/* REDUCE_MAX and REDUCE_MIN, int16; `out` must not overlap `in`. */
void emg_reduce_extreme_s16(const emg_reduce_extreme_s16_t *layer, const int16_t *in, int16_t *out);

#endif
