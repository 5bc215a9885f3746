/* SPDX-License-Identifier: MIT */
#include "fully_connected_wide_s8.h"

#include "../support/wide_scale.h"

void emg_fully_connected_wide_s8(const emg_fully_connected_wide_s8_t *layer, const int8_t *in, int8_t *out) {
    for (int32_t row = 0; row < layer->rows; ++row) {
        int32_t sum = 0;
        for (int32_t k = 0; k < layer->depth; ++k) {
            sum += in[k];
        }
        const int8_t *weights = layer->weights;
        for (int32_t unit = 0; unit < layer->units; ++unit) {
            int32_t acc = layer->bias[unit] - sum * layer->weights_zero_point;
            for (int32_t k = 0; k < layer->depth; ++k) {
                acc += in[k] * weights[k];
            }
            weights += layer->depth;
            const int64_t q = emg_wide_scale(acc, layer->multiplier + 3 * unit, layer->shift[unit]);
            *out++ = (int8_t)emg_wide_clamp(q + layer->zero_point, layer->low, layer->high);
        }
        in += layer->depth;
    }
}
