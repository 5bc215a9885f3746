/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_MEAN_S8_H
#define EMG_KERNELS_MEAN_S8_H

#include <stdint.h>

typedef struct {
    int32_t kept[2], kept_stride[2]; /* axes that remain; strides in elements of the input */
    int32_t reduced[2], reduced_stride[2];
    int32_t offset;            /* the input's zero point, as often as values are added */
    int32_t multiplier, shift; /* the number of values is part of them */
    int32_t zero_point;        /* of the output */
} emg_mean_s8_t;

/* MEAN, int8; `out` must not overlap `in`. */
void emg_mean_s8(const emg_mean_s8_t *layer, const int8_t *in, int8_t *out);

#endif
