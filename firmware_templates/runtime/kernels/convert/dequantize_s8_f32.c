/* SPDX-License-Identifier: MIT */
#include "dequantize_s8_f32.h"

void emg_dequantize_s8_f32(const emg_dequantize_s8_f32_t *layer, const int8_t *in, float *out) {
    for (int32_t i = layer->length - 1; i >= 0; --i) {
        out[i] = layer->scale * (float)(in[i] - layer->zero_point);
    }
}
