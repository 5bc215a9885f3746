/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_DSP_CONV_WINOGRAD_S8_H
#define EMG_KERNELS_DSP_CONV_WINOGRAD_S8_H

#include <stdint.h>

#include "winograd_outputs_s8.h"

typedef struct {
    const int32_t *weights; /* 4 * G g G^T: for each four output channels as emg_winograd_gemm_s8 takes it */
    const int32_t *constants; /* as emg_winograd_outputs_s8 takes them */
    emg_winograd_outputs_t outputs;
    int16_t in_h, in_w, in_channels; /* in_channels: a multiple of 16 */
    int16_t out_h, out_w;            /* multiples of 2 and 4 */
    int16_t out_channels;            /* a multiple of 4 */
    int16_t pad_top, pad_left;
    int8_t in_zero_point;
    int8_t backward; /* nonzero: from the last two rows to the first */
} emg_conv_winograd_s8_t;

/* CONV_2D, int8, window 3 x 3, stride 1, by Winograd's F(2 x 2, 3 x 3): sums are four times those of the
 * direct form, in integers, and exact.
 *
 * `scratch`: four rows of the padded image, transformed tiles of two times 2 x 2 outputs, their sums. The
 * rows are copied before the outputs above them are written, so `out` may overlap `in` as the memory plan
 * allows. */
void emg_conv_winograd_s8(const emg_conv_winograd_s8_t *layer, const int8_t *in, int8_t *out,
                          int8_t *scratch);

#endif
