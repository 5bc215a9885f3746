/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_CONV_PAIRS_S8_H
#define EMG_KERNELS_CONV_PAIRS_S8_H

#include <stdint.h>

#include "../support/patch_s8.h"
#include "gemm_2x2_s8.h"

typedef struct {
    emg_gemm_2x2_t channels;
    emg_window_s8_t window;
    int16_t out_channels; /* at least 2 */
    int8_t backward;      /* nonzero: from the last pixels to the first */
} emg_conv_pairs_s8_t;

/* CONV_2D, int8, two pixels and two channels at a time; where their number is odd, the last ones are computed
 * with their neighbours. `patches` holds 2 * depth bytes. The patches of two pixels are copied before their
 * outputs are written, so `out` may overlap `in` as the memory plan allows. */
void emg_conv_pairs_s8(const emg_conv_pairs_s8_t *layer, const int8_t *in, int8_t *out, int8_t *patches);

#endif
