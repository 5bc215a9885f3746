/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_TRANSPOSE_CONV_S8_H
#define EMG_KERNELS_TRANSPOSE_CONV_S8_H

#include <stdint.h>

#include "../support/channels.h"

typedef struct {
    const int8_t *weights;   /* [out_channels][kernel_h][kernel_w][in_channels] */
    emg_channels_t channels; /* the input's zero point is not folded in */
    int16_t in_h, in_w, in_channels;
    int16_t out_h, out_w, out_channels;
    int16_t kernel_h, kernel_w;
    int16_t stride_h, stride_w;
    int16_t pad_top, pad_left;
    int8_t in_zero_point;
} emg_transpose_conv_s8_t;

/* TRANSPOSE_CONV, int8: each output gathers what the inputs scatter to it. `out` must not overlap `in`. */
void emg_transpose_conv_s8(const emg_transpose_conv_s8_t *layer, const int8_t *in, int8_t *out);

#endif
