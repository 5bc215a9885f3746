/* SPDX-License-Identifier: MIT */
#include "conv_rgb_dsp_s8.h"

#include "widen_rgb_s8.h"

#define EMG_CONV_WIDEN emg_widen_rgb_s8
#include "conv_walk.h"

void emg_conv_rgb_dsp_s8(const emg_conv_dsp_s8_t *layer, const int8_t *in, int8_t *out, int8_t *scratch) {
    emg_conv_walk(layer, in, out, scratch);
}
