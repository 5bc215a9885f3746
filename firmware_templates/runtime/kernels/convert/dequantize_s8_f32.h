/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_DEQUANTIZE_S8_F32_H
#define EMG_KERNELS_DEQUANTIZE_S8_F32_H

#include <stdint.h>

typedef struct {
    float scale; /* of the input */
    int32_t zero_point;
    int32_t length;
} emg_dequantize_s8_f32_t;

/* DEQUANTIZE from int8 to float32. It goes from the last element to the first, so that `out` may
 * begin where `in` does. */
void emg_dequantize_s8_f32(const emg_dequantize_s8_f32_t *layer, const int8_t *in, float *out);

#endif
