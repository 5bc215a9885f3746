/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_MVE_GEMM_MVE_S8_H
#define EMG_KERNELS_MVE_GEMM_MVE_S8_H

#include <stdint.h>

typedef struct {
    int32_t zero_point; /* of the output */
    int32_t low, high;  /* the fused activation's range */
    int32_t second;     /* bytes from the first pixel's outputs to the second's */
    int32_t third;      /* and to the third's; 0 where there is no such pixel */
    int32_t blocks;     /* blocks of 16 inputs, less one */
    int32_t channels;   /* of the output */
} emg_gemm_mve_s8_t;

/* Outputs of three pixels from their patches.
 *
 * `patches` holds for each block of 16 inputs 16 bytes of each pixel; what fills the last block up
 * meets weights of zero. `stream` holds for each four output channels:
 *   blocks x 32 bytes   weights of channels 0 and 2, 16 of each in turn
 *   blocks x 32 bytes   weights of channels 1 and 3
 *   4 + 4 + 4 words     biases, multipliers, shifts (-31 to -1)
 * With shifts to the right alone, rounding is what the vector instructions do, but for ties of
 * negative numbers. A pixel that is not there is written first and overwritten by the first one. */
void emg_gemm_mve_s8(const int32_t *stream, const int8_t *patches, int8_t *out,
                     const emg_gemm_mve_s8_t *shape);

/* The same for outputs rectified at -128, their zero point: how a negative sum is rounded cannot
 * show, and saturation is all the clamping there is. */
void emg_gemm_rectified_mve_s8(const int32_t *stream, const int8_t *patches, int8_t *out,
                               const emg_gemm_mve_s8_t *shape);

#endif
