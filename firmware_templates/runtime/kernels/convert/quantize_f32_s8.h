/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_QUANTIZE_F32_S8_H
#define EMG_KERNELS_QUANTIZE_F32_S8_H

#include <stdint.h>

typedef struct {
    float scale; /* of the output */
    int32_t zero_point;
    int32_t length;
} emg_quantize_f32_s8_t;

/* QUANTIZE from float32 to int8; `out` may begin where `in` does. */
void emg_quantize_f32_s8(const emg_quantize_f32_s8_t *layer, const float *in, int8_t *out);

#endif
