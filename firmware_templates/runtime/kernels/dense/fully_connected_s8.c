/* SPDX-License-Identifier: MIT */
#include "fully_connected_s8.h"

#include "../support/dot_s8.h"
#include "../support/requantize.h"

static void one_row(const emg_fully_connected_s8_t *layer, const int8_t *in, int8_t *out) {
    const emg_channels_t *ch = &layer->channels;
    const int8_t *weights = layer->weights;
    for (int32_t unit = 0; unit < layer->units; unit += 2, weights += 2 * layer->depth) {
        const int32_t count = unit + 2 <= layer->units ? 2 : 1;
        int32_t sums[2] = {ch->bias[unit], ch->bias[unit + count - 1]};
        emg_dot_s8(in, weights, layer->depth, count, sums);
        for (int32_t i = unit; i < unit + count; ++i) {
            const int32_t q =
                emg_requantize_once(sums[i - unit], ch->multiplier[i], ch->shift[i]) + ch->zero_point;
            out[i] = (int8_t)emg_clamp(q, ch->low, ch->high);
        }
    }
}

void emg_fully_connected_s8(const emg_fully_connected_s8_t *layer, const int8_t *in, int8_t *out) {
    for (int32_t row = 0; row < layer->rows; ++row) {
        one_row(layer, in, out);
        in += layer->depth;
        out += layer->units;
    }
}
