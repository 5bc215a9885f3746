/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_DSP_CONV_RGB_DSP_S8_H
#define EMG_KERNELS_DSP_CONV_RGB_DSP_S8_H

#include "conv_dsp_s8.h"

typedef emg_conv_dsp_s8_t emg_conv_rgb_dsp_s8_t;

/* As emg_conv_dsp_s8 where a window has three rows of nine bytes: 3 x 3 taps of three channels. */
void emg_conv_rgb_dsp_s8(const emg_conv_rgb_dsp_s8_t *layer, const int8_t *in, int8_t *out, int8_t *scratch);

#endif
