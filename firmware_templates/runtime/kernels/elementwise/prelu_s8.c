/* SPDX-License-Identifier: MIT */
#include "prelu_s8.h"

#include "../support/requantize.h"

static int32_t one(const emg_prelu_s8_t *layer, int32_t x, int32_t slope) {
    if (x >= 0) {
        return emg_requantize(x, layer->multiplier, layer->shift);
    }
    return emg_requantize(x * slope, layer->negative_multiplier, layer->negative_shift);
}

void emg_prelu_s8(const emg_prelu_s8_t *layer, const int8_t *in, const int8_t *slopes, int8_t *out) {
    const emg_broadcast_t *walk = &layer->walk;
    for (int32_t row = 0; row < emg_broadcast_rows(walk); ++row) {
        const int8_t *x = in + emg_broadcast_row(walk, walk->a_stride, row);
        const int8_t *slope = slopes + emg_broadcast_row(walk, walk->b_stride, row);
        for (int32_t i = 0; i < walk->shape[3]; ++i) {
            const int32_t q = one(layer, *x - layer->in_zero_point, *slope - layer->slope_zero_point);
            *out++ = (int8_t)emg_clamp(q + layer->zero_point, INT8_MIN, INT8_MAX);
            x += walk->a_stride[3];
            slope += walk->b_stride[3];
        }
    }
}
