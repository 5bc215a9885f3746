/* SPDX-License-Identifier: MIT */
#include "fully_connected_s16.h"

#include "../support/wide_scale.h"

static int64_t bias_of(const emg_fully_connected_s16_t *layer, int32_t unit) {
    if (!layer->bias_high) {
        return layer->bias[unit];
    }
    return (int64_t)layer->bias_high[unit] * ((int64_t)1 << 32) + (uint32_t)layer->bias[unit];
}

void emg_fully_connected_s16(const emg_fully_connected_s16_t *layer, const int16_t *in, int16_t *out) {
    for (int32_t row = 0; row < layer->rows; ++row) {
        int64_t sum = 0;
        for (int32_t k = 0; k < layer->depth; ++k) {
            sum += in[k];
        }
        const int8_t *weights = layer->weights;
        for (int32_t unit = 0; unit < layer->units; ++unit) {
            int64_t acc = bias_of(layer, unit) - sum * layer->weights_zero_point;
            for (int32_t k = 0; k < layer->depth; ++k) {
                acc += in[k] * weights[k];
            }
            weights += layer->depth;
            const int64_t q = emg_wide_scale(acc, layer->multiplier + 3 * unit, layer->shift[unit]);
            *out++ = (int16_t)emg_wide_clamp(q, layer->low, layer->high);
        }
        in += layer->depth;
    }
}
