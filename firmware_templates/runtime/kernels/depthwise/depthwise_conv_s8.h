#ifndef EMG_KERNELS_DEPTHWISE_CONV_S8_H
#define EMG_KERNELS_DEPTHWISE_CONV_S8_H

#include <stdint.h>

#include "../support/channels.h"

typedef struct {
    const int8_t *weights; /* [kernel_h][kernel_w][out_channels] */
    emg_channels_t channels;
    int16_t in_h, in_w, in_channels;
    int16_t out_h, out_w, multiplier; /* out_channels = in_channels * multiplier */
    int16_t kernel_h, kernel_w;
    int16_t stride_h, stride_w;
    int16_t dilation_h, dilation_w;
    int16_t pad_top, pad_left;
    int8_t in_zero_point;
} emg_depthwise_conv_s8_t;

/* DEPTHWISE_CONV_2D, int8, from the first pixel to the last, channel by channel within a pixel. */
void emg_depthwise_conv_s8(const emg_depthwise_conv_s8_t *layer, const int8_t *in, int8_t *out);

#endif
