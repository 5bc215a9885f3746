/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_CONV_S16_H
#define EMG_KERNELS_CONV_S16_H

#include <stdint.h>

#include "../support/patch_s16.h"
#include "../support/wide.h"

typedef struct {
    const int8_t *weights; /* [out_channels][kernel_h][kernel_w][in_channels] */
    emg_wide_channels_t channels;
    emg_window_t window;
} emg_conv_s16_t;

/* CONV_2D, int16 with int8 weights. `patch` holds kernel_h * kernel_w * in_channels values. A pixel's
 * whole patch is copied before its outputs are written, so `out` may overlap `in` as the memory
 * plan allows. */
void emg_conv_s16(const emg_conv_s16_t *layer, const int16_t *in, int16_t *out, int16_t *patch);

#endif
