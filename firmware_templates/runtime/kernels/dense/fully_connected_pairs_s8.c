/* SPDX-License-Identifier: MIT */
#include "fully_connected_pairs_s8.h"

#include "../support/requantize.h"
#include "dense_chunks_s8.h"

enum { UNITS = 8 };

void emg_fully_connected_pairs_s8(const emg_fully_connected_pairs_s8_t *layer, const int8_t *in,
                                  int8_t *out) {
    const emg_channels_t ch = layer->channels;
    const int32_t units = layer->units;
    for (int32_t row = 0; row < layer->rows; ++row, in += layer->depth, out += units) {
        const int32_t *stream = layer->stream;
        for (int32_t unit = 0; unit < units; unit += UNITS) {
            const int32_t count = units - unit < UNITS ? units - unit : UNITS;
            int32_t sums[UNITS] = {0};
            stream = emg_dense_chunks_s8(in, stream, sums);
            for (int32_t i = 0, u = unit; i < count; ++i, ++u) {
                const int32_t q =
                    emg_requantize_once(ch.bias[u] + sums[i], ch.multiplier[u], ch.shift[u]) + ch.zero_point;
                out[u] = (int8_t)emg_clamp(q, ch.low, ch.high);
            }
        }
    }
}
