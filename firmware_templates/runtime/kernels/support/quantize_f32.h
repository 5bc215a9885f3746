/* SPDX-License-Identifier: MIT */
/* float32 to integers as TFLite's QUANTIZE does it. */
#ifndef EMG_KERNELS_QUANTIZE_F32_H
#define EMG_KERNELS_QUANTIZE_F32_H

#include <stdint.h>

/* round(x / scale) + zero_point, ties away from zero. What lies far outside every integer type is limited
 * first, and what is no number counts as 0: converting either would be undefined. */
static inline int32_t emg_quantize_f32(float x, float scale, int32_t zero_point) {
    const float limit = 1e6f;
    float steps = x / scale;
    if (!(steps >= -limit && steps <= limit)) {
        steps = steps > limit ? limit : (steps < -limit ? -limit : 0.0f);
    }
    const int32_t whole = (int32_t)steps;
    const float rest = steps - (float)whole;
    return whole + (rest >= 0.5f ? 1 : 0) - (rest <= -0.5f ? 1 : 0) + zero_point;
}

#endif
