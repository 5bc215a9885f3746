/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_DSP_DEPTHWISE_DSP_S8_H
#define EMG_KERNELS_DSP_DEPTHWISE_DSP_S8_H

#include <stdint.h>

#include "../../support/channels.h"
#include "depthwise_dsp.h"

typedef struct {
    const int8_t *weights;   /* [kernel_h][kernel_w][channels] */
    emg_channels_t channels; /* shift holds right shifts less one, zero_point twice the output's plus one */
    int32_t tap_line, tap_position; /* bytes of `weights` from a line or position to the next */
    emg_depthwise_dsp_t walk;
} emg_depthwise_dsp_s8_t;

/* As emg_depthwise_fast_s8, with less code and constants: blocks of four, and the channels' constants are put
 * together in `scratch` four at a time, behind the image. */
void emg_depthwise_dsp_s8(const emg_depthwise_dsp_s8_t *layer, const int8_t *in, int8_t *out,
                          int8_t *scratch);

#endif
