/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_CONV_S8_H
#define EMG_KERNELS_CONV_S8_H

#include <stdint.h>

#include "../support/channels.h"
#include "../support/patch_s8.h"

typedef struct {
    const int8_t *weights; /* [out_channels][kernel_h][kernel_w][in_channels] */
    emg_channels_t channels;
    emg_window_s8_t window;
    int16_t out_channels;
    int8_t backward; /* nonzero: from the last pixel to the first */
} emg_conv_s8_t;

/* CONV_2D, int8. `patch` holds kernel_h * kernel_w * in_channels bytes. A pixel's whole patch is
 * copied before its outputs are written, so `out` may overlap `in` as the memory plan allows. */
void emg_conv_s8(const emg_conv_s8_t *layer, const int8_t *in, int8_t *out, int8_t *patch);

#endif
