/* SPDX-License-Identifier: MIT */
/* What all depthwise kernels of the DSP extension know of a layer's image. */
#ifndef EMG_KERNELS_DSP_DEPTHWISE_DSP_H
#define EMG_KERNELS_DSP_DEPTHWISE_DSP_H

#include <stdint.h>

#include "depthwise_lines_s8.h"
#include "depthwise_widen_s8.h"

/* The image is walked line by line, along whichever axis makes the fuller lines. */
typedef struct {
    emg_depthwise_lines_t line;
    emg_depthwise_widen_t widen;
    int32_t channel_count;                      /* a multiple of 4 */
    int32_t line_bytes;                         /* of the input */
    int32_t out_line_bytes, out_position_bytes; /* from one line or position to the next */
    int32_t pitch;                              /* bytes of one widened line of one channel */
    int16_t lines;                              /* of the input */
    int16_t out_lines, out_positions;
    int16_t line_stride, position_stride; /* 1 or 2 */
    int16_t pad_lines;                    /* before the first, 0 or 1 */
    int8_t in_zero_point;
    int8_t whole; /* nonzero: four channels of the image are widened at once */
} emg_depthwise_dsp_t;

#endif
