/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_DEPTHWISE_CONV_S16_H
#define EMG_KERNELS_DEPTHWISE_CONV_S16_H

#include <stdint.h>

#include "../support/patch_s16.h"
#include "../support/wide.h"

typedef struct {
    const int8_t *weights; /* [kernel_h][kernel_w][out_channels] */
    emg_wide_channels_t channels;
    emg_window_t window;
    int32_t multiplier; /* out_channels = in_channels * multiplier */
} emg_depthwise_conv_s16_t;

/* DEPTHWISE_CONV_2D, int16 with int8 weights, from the first pixel to the last, channel by channel
 * within a pixel. */
void emg_depthwise_conv_s16(const emg_depthwise_conv_s16_t *layer, const int16_t *in, int16_t *out);

#endif
