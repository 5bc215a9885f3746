/* SPDX-License-Identifier: MIT */
#include "logistic_s16.h"

static uint32_t of_magnitude(const uint16_t *table, uint32_t x) {
    const uint32_t at = x >> 9;
    if (at >= 255) {
        return 0x7FFFu << 10;
    }
    return ((uint32_t)table[at] << 9) + (x & 511u) * ((uint32_t)table[at + 1] - table[at]);
}

void emg_logistic_s16(const emg_logistic_s16_t *layer, const int16_t *in, int16_t *out) {
    const int32_t half = layer->shift > 0 ? 1 << (layer->shift - 1) : 0;
    for (int32_t i = 0; i < layer->length; ++i) {
        const int32_t x = (in[i] * layer->multiplier + half) >> layer->shift;
        const uint32_t y = of_magnitude(layer->table, (uint32_t)(x < 0 ? -x : x));
        /* The function is odd around (0, 1/2). */
        const uint32_t rounded = x >= 0 ? y + (1u << 9) : (1u << 25) - y + (1u << 9) - 1u;
        out[i] = (int16_t)(rounded >> 10);
    }
}
