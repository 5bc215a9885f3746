/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_DEPTHWISE_CONV_S8_H
#define EMG_KERNELS_DEPTHWISE_CONV_S8_H

#include <stdint.h>

#include "../support/channels.h"
#include "depthwise_window.h"

typedef struct {
    const int8_t *weights; /* [outer taps][inner taps][out_channels] */
    emg_channels_t channels;
    emg_depthwise_shape_t shape;
    int8_t short_form; /* as emg_outputs_s8_t has it */
} emg_depthwise_conv_s8_t;

/* DEPTHWISE_CONV_2D, int8, from the first pixel to the last, four channels at a time within a pixel: they are
 * read before they are written. `scratch` holds the runs of a window. */
void emg_depthwise_conv_s8(const emg_depthwise_conv_s8_t *layer, const int8_t *in, int8_t *out,
                           int8_t *scratch);

#endif
