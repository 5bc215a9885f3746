/* SPDX-License-Identifier: MIT */
#include "tanh_s16.h"

/* logistic(2x) for x from 0 up, in Q0.24. */
static int32_t of_magnitude(const uint16_t *table, uint32_t x) {
    const uint32_t at = x >> 8;
    if (at >= 255) {
        return 0xFFFF << 8;
    }
    return (int32_t)(((uint32_t)table[at] << 8) + (x & 255u) * ((uint32_t)table[at + 1] - table[at]));
}

void emg_tanh_s16(const emg_tanh_s16_t *layer, const int16_t *in, int16_t *out) {
    const int32_t half = layer->shift > 0 ? 1 << (layer->shift - 1) : 0;
    for (int32_t i = 0; i < layer->length; ++i) {
        const int32_t x = (in[i] * layer->multiplier + half) >> layer->shift;
        /* tanh(x) = 2 * logistic(2x) - 1, odd around 0. */
        const int32_t y = of_magnitude(layer->table, (uint32_t)(x < 0 ? -x : x)) - (1 << 23);
        out[i] = (int16_t)((x < 0 ? -y + (1 << 7) - 1 : y + (1 << 7)) >> 8);
    }
}
