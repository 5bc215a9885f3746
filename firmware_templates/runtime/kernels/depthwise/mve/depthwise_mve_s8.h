/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_MVE_DEPTHWISE_MVE_S8_H
#define EMG_KERNELS_MVE_DEPTHWISE_MVE_S8_H

#include <stdint.h>

#include "depthwise_line_mve_s8.h"

typedef struct {
    const int8_t *weights;    /* [channels][4][4]: column by column three rows and a zero, then zeros */
    const int32_t *constants; /* for each four channels their biases, multipliers, shifts */
    emg_depthwise_line_mve_s8_t line;
    int32_t rectified;            /* nonzero: the rectified form of the line kernel serves */
    int16_t in_h, in_w, channels; /* channels: a multiple of 4 */
    int16_t out_h;
    int16_t stride_h, stride_w; /* stride_w: 1 or 2 */
    int16_t pad_top, pad_left;
    int8_t in_zero_point;
} emg_depthwise_mve_s8_t;

/* DEPTHWISE_CONV_2D, int8, window 3 x 3, depth multiplier 1, eight channels at a time. `scratch`
 * holds eight planes of `line.plane` bytes. A channel's row is copied before what
 * depends on it is written, so that `out` may be `in` where strides are 1 and sizes the same. */
void emg_depthwise_mve_s8(const emg_depthwise_mve_s8_t *layer, const int8_t *in, int8_t *out,
                          int8_t *scratch);

#endif
