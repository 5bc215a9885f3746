/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_DSP_WINOGRAD_OUTPUTS_S8_H
#define EMG_KERNELS_DSP_WINOGRAD_OUTPUTS_S8_H

#include <stdint.h>

typedef struct {
    int32_t column, row; /* bytes from an output to the next one in its row and in its column */
    int32_t low, high;   /* the fused activation's range */
    int32_t clamped;     /* 0 where int8's own limits are the range */
} emg_winograd_outputs_t;

/* The 2 x 2 outputs of two tiles side by side in four channels, from the sums of emg_winograd_gemm_s8.
 *
 * `constants`, for each channel: four times the bias, multiplier, (2 * the output's zero point + 1) << shift,
 * right shift less one. */
void emg_winograd_outputs_s8(const int32_t *sums, const int32_t *constants, const emg_winograd_outputs_t *how,
                             int8_t *out);

#endif
