/* SPDX-License-Identifier: MIT */
#include "quantize_s16_s8.h"

#include "../support/requantize.h"

void emg_quantize_s16_s8(const emg_quantize_s16_s8_t *layer, const int16_t *in, int8_t *out) {
    for (int32_t i = 0; i < layer->length; ++i) {
        const int32_t q = emg_requantize(in[i], layer->multiplier, layer->shift) + layer->zero_point;
        out[i] = (int8_t)emg_clamp(q, INT8_MIN, INT8_MAX);
    }
}
