#ifndef EMG_KERNELS_CONV_S8_H
#define EMG_KERNELS_CONV_S8_H

#include <stdint.h>

#include "../support/channels.h"

typedef struct {
    const int8_t *weights; /* [out_channels][kernel_h][kernel_w][in_channels] */
    emg_channels_t channels;
    int16_t in_h, in_w, in_channels;
    int16_t out_h, out_w, out_channels;
    int16_t kernel_h, kernel_w;
    int16_t stride_h, stride_w;
    int16_t dilation_h, dilation_w;
    int16_t pad_top, pad_left;
    int8_t in_zero_point;
    int8_t backward; /* nonzero: from the last pixel to the first */
} emg_conv_s8_t;

/* CONV_2D, int8. `patch` holds kernel_h * kernel_w * in_channels bytes. A pixel's whole patch is
 * copied before its outputs are written, so `out` may overlap `in` as the memory plan allows. */
void emg_conv_s8(const emg_conv_s8_t *layer, const int8_t *in, int8_t *out, int8_t *patch);

#endif
