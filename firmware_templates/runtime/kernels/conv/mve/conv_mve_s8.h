/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_MVE_CONV_MVE_S8_H
#define EMG_KERNELS_MVE_CONV_MVE_S8_H

#include <stdint.h>

#include "gemm_mve_s8.h"

typedef struct {
    const int32_t *stream; /* see gemm_mve_s8.h */
    emg_gemm_mve_s8_t gemm;
    int32_t rectified; /* nonzero: emg_gemm_rectified_mve_s8 serves */
    int16_t in_h, in_w, in_channels;
    int16_t out_h, out_w;
    int16_t kernel_h, kernel_w;
    int16_t stride_h, stride_w;
    int16_t dilation_h, dilation_w;
    int16_t pad_top, pad_left;
    int16_t run_taps; /* taps that lie side by side: kernel_w, or 1 when they are dilated */
    int8_t in_zero_point;
    int8_t backward; /* nonzero: from the last group of pixels to the first */
} emg_conv_mve_s8_t;

/* CONV_2D, int8, three pixels at a time. `scratch` holds their patches, 48 bytes for each 16 inputs
 * begun, then one patch of bytes. The patches are copied before anything is written, so `out` may
 * overlap `in` as the memory plan allows. */
void emg_conv_mve_s8(const emg_conv_mve_s8_t *layer, const int8_t *in, int8_t *out, int8_t *scratch);

#endif
