/* SPDX-License-Identifier: MIT */
/* The matrix kernel on a group of up to three pixels. */
#ifndef EMG_KERNELS_MVE_GEMM_GROUP_MVE_H
#define EMG_KERNELS_MVE_GEMM_GROUP_MVE_H

#include "gemm_mve_s8.h"

/* `left`: pixels left, this group's first. */
static inline void emg_gemm_group_mve(const int32_t *stream, const emg_gemm_mve_s8_t *gemm, int32_t rectified,
                                      const int8_t *patches, int32_t left, int8_t *out) {
    emg_gemm_mve_s8_t shape = *gemm;
    shape.second = left > 1 ? shape.second : 0;
    shape.third = left > 2 ? shape.third : 0;
    if (rectified) {
        emg_gemm_rectified_mve_s8(stream, patches, out, &shape);
    } else {
        emg_gemm_mve_s8(stream, patches, out, &shape);
    }
}

#endif
