/* SPDX-License-Identifier: MIT */
#include "extreme_s16.h"

void emg_extreme_s16(const emg_extreme_s16_t *layer, const int16_t *a, const int16_t *b, int16_t *out) {
    const emg_broadcast_t *walk = &layer->walk;
    for (int32_t row = 0; row < emg_broadcast_rows(walk); ++row) {
        const int16_t *x = a + emg_broadcast_row(walk, walk->a_stride, row);
        const int16_t *y = b + emg_broadcast_row(walk, walk->b_stride, row);
        for (int32_t i = 0; i < walk->shape[3]; ++i) {
            *out++ = (*x > *y) == (layer->largest != 0) ? *x : *y;
            x += walk->a_stride[3];
            y += walk->b_stride[3];
        }
    }
}
