/* SPDX-License-Identifier: MIT */
#include "mul_s8.h"

#include "../support/requantize.h"

void emg_mul_s8(const emg_mul_s8_t *layer, const int8_t *a, const int8_t *b, int8_t *out) {
    const emg_broadcast_t *walk = &layer->walk;
    for (int32_t row = 0; row < emg_broadcast_rows(walk); ++row) {
        const int8_t *x = a + emg_broadcast_row(walk, walk->a_stride, row);
        const int8_t *y = b + emg_broadcast_row(walk, walk->b_stride, row);
        for (int32_t i = 0; i < walk->shape[3]; ++i) {
            const int32_t product = (*x - layer->a_zero_point) * (*y - layer->b_zero_point);
            const int32_t q = emg_requantize(product, layer->multiplier, layer->shift) + layer->zero_point;
            *out++ = (int8_t)emg_clamp(q, layer->low, layer->high);
            x += walk->a_stride[3];
            y += walk->b_stride[3];
        }
    }
}
