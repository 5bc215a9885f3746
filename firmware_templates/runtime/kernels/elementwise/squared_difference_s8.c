/* SPDX-License-Identifier: MIT */
#include "squared_difference_s8.h"

#include "../support/requantize.h"

/* TFLite subtracts in a common scale, 7 bits finer: the square then fits 32 bits. */
enum { LEFT_SHIFT = 7 };

void emg_squared_difference_s8(const emg_squared_difference_s8_t *layer, const int8_t *a, const int8_t *b,
                               int8_t *out) {
    const emg_broadcast_t *walk = &layer->walk;
    for (int32_t row = 0; row < emg_broadcast_rows(walk); ++row) {
        const int8_t *x = a + emg_broadcast_row(walk, walk->a_stride, row);
        const int8_t *y = b + emg_broadcast_row(walk, walk->b_stride, row);
        for (int32_t i = 0; i < walk->shape[3]; ++i) {
            const int32_t left = (*x - layer->a_zero_point) * (1 << LEFT_SHIFT);
            const int32_t right = (*y - layer->b_zero_point) * (1 << LEFT_SHIFT);
            const int32_t difference = emg_requantize(left, layer->a_multiplier, layer->a_shift) -
                                       emg_requantize(right, layer->b_multiplier, layer->b_shift);
            const int32_t square = difference * difference;
            const int32_t q = emg_requantize(square, layer->multiplier, layer->shift) + layer->zero_point;
            *out++ = (int8_t)emg_clamp(q, INT8_MIN, INT8_MAX);
            x += walk->a_stride[3];
            y += walk->b_stride[3];
        }
    }
}
