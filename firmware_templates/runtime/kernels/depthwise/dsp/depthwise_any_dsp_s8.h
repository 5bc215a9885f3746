/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_DSP_DEPTHWISE_ANY_DSP_S8_H
#define EMG_KERNELS_DSP_DEPTHWISE_ANY_DSP_S8_H

#include <stdint.h>

#include "depthwise_quads_s8.h"

typedef struct {
    const int32_t
        *stream; /* as emg_depthwise_quads_s8 takes it, for the first output of each input and so on */
    emg_depthwise_quads_t how;
    emg_depthwise_shape_t shape;
} emg_depthwise_any_dsp_s8_t;

/* DEPTHWISE_CONV_2D, int8, window of any shape, at least four channels, from the first pixel to the last.
 * Where the channels are no multiple of four, the last four overlap others. `scratch` holds the runs of a
 * window. */
void emg_depthwise_any_dsp_s8(const emg_depthwise_any_dsp_s8_t *layer, const int8_t *in, int8_t *out,
                              int8_t *scratch);

#endif
