/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_DSP_DEPTHWISE_FAST_S8_H
#define EMG_KERNELS_DSP_DEPTHWISE_FAST_S8_H

#include <stdint.h>

#include "depthwise_dsp.h"

typedef struct {
    const int32_t *channels; /* for each channel the words of an emg_depthwise_channel_t */
    emg_depthwise_dsp_t walk;
} emg_depthwise_fast_s8_t;

/* DEPTHWISE_CONV_2D, int8, window 3 x 3, depth multiplier 1, four channels at a time.
 *
 * `scratch`: four channels of the image with its padding, or four lines of four channels; then room for
 * the outputs of lines shorter than a block. What is written has been widened before, so a layer whose
 * output has its input's shape may write it in place. */
void emg_depthwise_fast_s8(const emg_depthwise_fast_s8_t *layer, const int8_t *in, int8_t *out,
                           int8_t *scratch);

#endif
