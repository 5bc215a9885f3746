/* SPDX-License-Identifier: MIT */
#include "add_s16.h"

#include "../support/requantize.h"

/* TFLite adds in a common scale with 15 bits of headroom below the point. */
enum { LEFT_SHIFT = 15 };

void emg_add_s16(const emg_add_s16_t *layer, const int16_t *a, const int16_t *b, int16_t *out) {
    const emg_broadcast_t *walk = &layer->walk;
    for (int32_t row = 0; row < emg_broadcast_rows(walk); ++row) {
        const int16_t *x = a + emg_broadcast_row(walk, walk->a_stride, row);
        const int16_t *y = b + emg_broadcast_row(walk, walk->b_stride, row);
        for (int32_t i = 0; i < walk->shape[3]; ++i) {
            const int32_t left = emg_requantize(*x * (1 << LEFT_SHIFT), layer->a_multiplier, layer->a_shift);
            const int32_t right = emg_requantize(*y * (1 << LEFT_SHIFT), layer->b_multiplier, layer->b_shift);
            const int32_t sum = layer->a_sign * left + layer->b_sign * right;
            const int32_t q = emg_requantize(sum, layer->multiplier, layer->shift);
            *out++ = (int16_t)emg_clamp(q, layer->low, layer->high);
            x += walk->a_stride[3];
            y += walk->b_stride[3];
        }
    }
}
