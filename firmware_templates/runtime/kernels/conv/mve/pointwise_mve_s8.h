/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_MVE_POINTWISE_MVE_S8_H
#define EMG_KERNELS_MVE_POINTWISE_MVE_S8_H

#include <stdint.h>

#include "gemm_mve_s8.h"

typedef struct {
    const int32_t *stream; /* see gemm_mve_s8.h */
    emg_gemm_mve_s8_t gemm;
    int32_t rectified; /* nonzero: emg_gemm_rectified_mve_s8 serves */
    int32_t pixels;
    int32_t in_channels;
    int32_t backward; /* nonzero: from the last group of pixels to the first */
} emg_pointwise_mve_s8_t;

/* CONV_2D, int8, window 1 x 1, stride 1. `scratch` holds 48 bytes for each 16 input channels begun.
 * Three pixels are copied before their outputs are written, so `out` may overlap `in` as the memory
 * plan allows. */
void emg_pointwise_mve_s8(const emg_pointwise_mve_s8_t *layer, const int8_t *in, int8_t *out,
                          int8_t *scratch);

#endif
