/* SPDX-License-Identifier: MIT */
#include "quantize_f32_s16.h"

#include "../support/quantize_f32.h"
#include "../support/requantize.h"

void emg_quantize_f32_s16(const emg_quantize_f32_s16_t *layer, const float *in, int16_t *out) {
    for (int32_t i = 0; i < layer->length; ++i) {
        const int32_t q = emg_quantize_f32(in[i], layer->scale, layer->zero_point);
        out[i] = (int16_t)emg_clamp(q, INT16_MIN, INT16_MAX);
    }
}
