/* SPDX-License-Identifier: MIT */
#include "extreme_s8.h"

void emg_extreme_s8(const emg_extreme_s8_t *layer, const int8_t *a, const int8_t *b, int8_t *out) {
    const emg_broadcast_t *walk = &layer->walk;
    for (int32_t row = 0; row < emg_broadcast_rows(walk); ++row) {
        const int8_t *x = a + emg_broadcast_row(walk, walk->a_stride, row);
        const int8_t *y = b + emg_broadcast_row(walk, walk->b_stride, row);
        for (int32_t i = 0; i < walk->shape[3]; ++i) {
            *out++ = (*x > *y) == (layer->largest != 0) ? *x : *y;
            x += walk->a_stride[3];
            y += walk->b_stride[3];
        }
    }
}
