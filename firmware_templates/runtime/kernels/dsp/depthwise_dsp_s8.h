#ifndef EMG_KERNELS_DSP_DEPTHWISE_DSP_S8_H
#define EMG_KERNELS_DSP_DEPTHWISE_DSP_S8_H

#include <stdint.h>

#include "../channels.h"
#include "depthwise_line_s8.h"

/* The image is walked line by line, along whichever axis makes the fuller lines. */
typedef struct {
    const int8_t *weights;   /* [kernel_h][kernel_w][channels] */
    emg_channels_t channels; /* shift holds right shifts less one, zero_point twice the output's plus one */
    emg_depthwise_line_s8_t line;
    int32_t channel_count;              /* a multiple of 4 */
    int32_t line_bytes, position_bytes; /* of the input, from one line or position to the next */
    int32_t out_line_bytes, out_position_bytes;
    int32_t tap_line, tap_position; /* the same steps in `weights` */
    int16_t lines, positions;       /* of the input */
    int16_t out_lines, out_positions;
    int16_t line_stride, position_stride; /* 1 or 2 */
    int16_t pad_lines, pad_positions;     /* before the first, 0 or 1 */
    int8_t in_zero_point;
} emg_depthwise_dsp_s8_t;

/* DEPTHWISE_CONV_2D, int8, window 3 x 3, depth multiplier 1, four channels at a time.
 *
 * `scratch`: four lines of 4 * line.plane bytes, then the constants of four channels, then 16 bytes
 * of outputs. Lines are widened into a ring of three before outputs are written, so a layer whose
 * output has its input's shape may write it in place. */
void emg_depthwise_dsp_s8(const emg_depthwise_dsp_s8_t *layer, const int8_t *in, int8_t *out,
                          int8_t *scratch);

#endif
