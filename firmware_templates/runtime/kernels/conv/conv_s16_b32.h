/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_CONV_S16_B32_H
#define EMG_KERNELS_CONV_S16_B32_H

#include <stdint.h>

#include "../support/channels.h"
#include "../support/patch_s16.h"

typedef struct {
    const int8_t *weights; /* [out_channels][kernel_h][kernel_w][in_channels] */
    emg_channels_t channels;
    emg_window_t window;
} emg_conv_s16_b32_t;

/* CONV_2D, int16 with int8 weights, whose options ask for 32-bit biases: it then has 32-bit
 * accumulators and rounds twice, as int8 does. `patch` and overlap as in conv_s16.h. */
void emg_conv_s16_b32(const emg_conv_s16_b32_t *layer, const int16_t *in, int16_t *out, int16_t *patch);

#endif
