/* SPDX-License-Identifier: MIT */
#include "fully_connected_offset_s8.h"

#include "../support/requantize.h"

void emg_fully_connected_offset_s8(const emg_fully_connected_offset_s8_t *layer, const int8_t *in,
                                   int8_t *out) {
    const emg_channels_t *ch = &layer->channels;
    for (int32_t row = 0; row < layer->rows; ++row) {
        int32_t sum = 0;
        for (int32_t k = 0; k < layer->depth; ++k) {
            sum += in[k];
        }
        const int8_t *weights = layer->weights;
        for (int32_t unit = 0; unit < layer->units; ++unit) {
            int32_t acc = ch->bias[unit] - sum * layer->weights_zero_point;
            for (int32_t k = 0; k < layer->depth; ++k) {
                acc += in[k] * weights[k];
            }
            weights += layer->depth;
            acc = emg_requantize_once(acc, ch->multiplier[unit], ch->shift[unit]) + ch->zero_point;
            *out++ = (int8_t)emg_clamp(acc, ch->low, ch->high);
        }
        in += layer->depth;
    }
}
