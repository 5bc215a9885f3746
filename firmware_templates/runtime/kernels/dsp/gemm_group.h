/* The matrix kernel on a group of up to three pixels, writing nothing beyond their outputs. */
#ifndef EMG_KERNELS_DSP_GEMM_GROUP_H
#define EMG_KERNELS_DSP_GEMM_GROUP_H

#include <string.h>

#include "gemm_3px_s8.h"
#include "widen.h"

/* `scratch`: the patches, then room for 3 * stride staged outputs; `left`: pixels left, this group's first.
 */
static inline void emg_gemm_group(const int32_t *stream, const emg_gemm_3px_s8_t *gemm, int8_t *scratch,
                                  int32_t left, int32_t out_channels, int8_t *out) {
    const uint32_t *patches = (const uint32_t *)(const void *)scratch;
    const int whole = left >= EMG_GROUP && gemm->stride == out_channels;
    int8_t *staged = scratch + 4 * EMG_GROUP * gemm->steps;
    int8_t *target = whole ? out : staged;
    if (gemm->rectified) {
        emg_gemm_3px_rectified_s8(stream, patches, target, gemm);
    } else {
        emg_gemm_3px_s8(stream, patches, target, gemm);
    }
    if (whole) {
        return;
    }
    for (int32_t p = 0; p < EMG_GROUP && p < left; ++p) {
        memcpy(out + p * out_channels, staged + p * gemm->stride, (size_t)out_channels);
    }
}

#endif
