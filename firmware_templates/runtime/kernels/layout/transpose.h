/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_TRANSPOSE_H
#define EMG_KERNELS_TRANSPOSE_H

#include <stdint.h>

typedef struct {
    int32_t first;     /* where the input is read first, in bytes */
    int32_t shape[4];  /* of the output, in units */
    int32_t stride[4]; /* of the input along the output's axes, in bytes */
    int32_t unit;      /* bytes that stay together */
} emg_transpose_t;

/* TRANSPOSE and STRIDED_SLICE of any element type; `out` must not overlap `in`. */
void emg_transpose(const emg_transpose_t *layer, const int8_t *in, int8_t *out);

#endif
