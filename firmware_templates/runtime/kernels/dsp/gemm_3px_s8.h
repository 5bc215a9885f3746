#ifndef EMG_KERNELS_DSP_GEMM_3PX_S8_H
#define EMG_KERNELS_DSP_GEMM_3PX_S8_H

#include <stdint.h>

typedef struct {
    int32_t steps;      /* pairs of inputs, at least 1 */
    int32_t pairs;      /* pairs of output channels */
    int32_t stride;     /* bytes from one pixel's outputs to the next one's */
    int32_t zero_point; /* 2 * the output's zero point + 1 */
    int32_t low, high;  /* the fused activation's range */
    int32_t rectified;  /* nonzero where `low` is not below the zero point */
} emg_gemm_3px_s8_t;

/* Outputs of three pixels from their widened patches.
 *
 * `patches` holds `steps` groups of three words, one word for each pixel, each two inputs as
 * halfwords. `stream` holds, for each pair of output channels:
 *   B, C              starting values of the two sums
 *   steps words       halfwords w1 * 256 + w0 for the same two inputs
 *   M0, M1            31-bit multipliers
 *   s0 | s1 << 8      right shifts less one
 * With B += sum(w0 * x) and C += sum((w1 * 256 + w0) * x), the second channel is (C - B) / 256;
 * the compiler has shown that this cannot overflow, and that the short requantization is exact. */
void emg_gemm_3px_s8(const int32_t *stream, const uint32_t *patches, int8_t *out,
                     const emg_gemm_3px_s8_t *shape);

/* The same for rectified outputs, where how a negative sum is rounded cannot show. */
void emg_gemm_3px_rectified_s8(const int32_t *stream, const uint32_t *patches, int8_t *out,
                               const emg_gemm_3px_s8_t *shape);

#endif
