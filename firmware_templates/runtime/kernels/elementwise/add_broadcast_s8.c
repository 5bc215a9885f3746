/* SPDX-License-Identifier: MIT */
#include "add_broadcast_s8.h"

#include "../support/requantize.h"

/* TFLite adds in a common scale with 20 bits of headroom below the point. */
enum { LEFT_SHIFT = 20 };

void emg_add_broadcast_s8(const emg_add_broadcast_s8_t *layer, const int8_t *a, const int8_t *b,
                          int8_t *out) {
    const emg_broadcast_t *walk = &layer->walk;
    for (int32_t row = 0; row < emg_broadcast_rows(walk); ++row) {
        const int8_t *x = a + emg_broadcast_row(walk, walk->a_stride, row);
        const int8_t *y = b + emg_broadcast_row(walk, walk->b_stride, row);
        for (int32_t i = 0; i < walk->shape[3]; ++i) {
            const int32_t left = (*x - layer->a_zero_point) * (1 << LEFT_SHIFT);
            const int32_t right = (*y - layer->b_zero_point) * (1 << LEFT_SHIFT);
            const int32_t sum = layer->a_sign * emg_requantize(left, layer->a_multiplier, layer->a_shift) +
                                layer->b_sign * emg_requantize(right, layer->b_multiplier, layer->b_shift);
            const int32_t q = emg_requantize(sum, layer->multiplier, layer->shift) + layer->zero_point;
            *out++ = (int8_t)emg_clamp(q, layer->low, layer->high);
            x += walk->a_stride[3];
            y += walk->b_stride[3];
        }
    }
}
