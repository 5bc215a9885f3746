/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_DSP_GEMM_4CH_S8_H
#define EMG_KERNELS_DSP_GEMM_4CH_S8_H

#include <stdint.h>

typedef struct {
    int32_t steps;      /* pairs of inputs, at least 1 */
    int32_t quads;      /* groups of four output channels: a pixel's outputs are 4 * quads apart */
    int32_t rectified;  /* nonzero: the stream's endings are those of rectified outputs */
    int16_t low, high;  /* the fused activation's range; all of int8 where rectified */
    int32_t zero_point; /* 2 * the output's zero point + 1, where not rectified */
} emg_gemm_4ch_s8_t;

/* Outputs of `groups` times two pixels from their widened patches, four channels at a time.
 *
 * `patches` holds for each two pixels `steps` times two words, one word for each pixel, each two inputs as
 * halfwords. `stream` holds, for each four output channels:
 *   B01, C01, B23, C23    starting values of the sums of two pairs of channels
 *   steps times two words halfwords w1 * 256 + w0 and w3 * 256 + w2 for the same two inputs
 *   rectified: M0, z0, .. M3, z3    31-bit multipliers and offsets, whose low bytes are right shifts
 *   otherwise: s0 .. s3, M0, .. M3    the shifts in a word, one byte each, then the multipliers
 * With B += sum(w0 * x) and C += sum((w1 * 256 + w0) * x), the second channel is (C - B) / 256; the
 * compiler has shown that this cannot overflow, and that the requantization is exact:
 *   rectified: (high word of sum * M + z) >> s, saturated, where the sum of a second channel is C - B
 *   otherwise: (rounded high word of 2 * sum * M + (zero_point << s) - (sum < 0)) >> s >> 1, clamped */
void emg_gemm_4ch_2px_s8(const int32_t *stream, const uint32_t *patches, int8_t *out,
                         const emg_gemm_4ch_s8_t *shape, int32_t groups);

/* The same with one pixel in a group, whose patch is `steps` words. */
void emg_gemm_4ch_1px_s8(const int32_t *stream, const uint32_t *patches, int8_t *out,
                         const emg_gemm_4ch_s8_t *shape, int32_t groups);

#endif
