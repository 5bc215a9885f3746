/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_GEMM_2X2_S8_H
#define EMG_KERNELS_GEMM_2X2_S8_H

#include <stdint.h>

/* What the kernel needs of consecutive channels. */
typedef struct {
    const int8_t *weights; /* [channels][depth] */
    const int32_t *bias;
    const int32_t *multiplier;
    const int8_t *shift; /* right shifts less one */
    int32_t depth;       /* at least 1 */
    int32_t zero_point;  /* twice the output's, plus one */
    int32_t low, high;   /* the fused activation's range */
} emg_gemm_2x2_t;

/* Outputs of two pixels, whose patches are x0 and x1, in 2 * pairs channels, pairs > 0; the short form of the
 * requantization. */
void emg_gemm_2x2_s8(const int8_t *x0, const int8_t *x1, const emg_gemm_2x2_t *channels, int32_t pairs,
                     int8_t *out0, int8_t *out1);

#endif
