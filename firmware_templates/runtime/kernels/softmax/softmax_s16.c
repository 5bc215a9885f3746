/* SPDX-License-Identifier: MIT */
#include "softmax_s16.h"

#include "../support/requantize.h"

/* A line between the two nearest of 513 points; x spans int16. */
static int32_t interpolate(const int16_t *points, int32_t x) {
    const int32_t at = 256 + (x >> 7);
    const int32_t slope = points[at + 1] - points[at];
    return points[at] + ((slope * (x & 127) + 64) >> 7);
}

static int32_t saturate(int32_t x) {
    return emg_clamp(x, INT16_MIN, INT16_MAX);
}

static int32_t largest(const int16_t *in, int32_t depth) {
    int32_t found = in[0];
    for (int32_t i = 1; i < depth; ++i) {
        found = in[i] > found ? in[i] : found;
    }
    return found;
}

static void one_row(const emg_softmax_s16_t *layer, const int16_t *in, int16_t *out) {
    const int32_t top = largest(in, layer->depth);
    int32_t sum = 0; /* Q16.15 */
    for (int32_t i = 0; i < layer->depth; ++i) {
        const int32_t scaled = emg_requantize(in[i] - top, layer->multiplier, layer->shift);
        out[i] = (int16_t)interpolate(layer->exp, saturate(scaled + INT16_MAX));
        sum += out[i];
    }
    int32_t headroom = 0; /* of the sum as an unsigned number, the sign bit included */
    while (!(((uint32_t)sum << headroom) & 0x80000000u)) {
        ++headroom;
    }
    const int32_t one_plus = (int32_t)((((int64_t)sum << (headroom - 1)) + (1 << 13)) >> 14);
    const int32_t scale = interpolate(layer->reciprocal, saturate(one_plus - (1 << 15) - (1 << 16)));
    const int32_t shift = 31 - headroom;
    for (int32_t i = 0; i < layer->depth; ++i) {
        out[i] = (int16_t)emg_clamp((out[i] * scale + (1 << (shift - 1))) >> shift, 0, INT16_MAX);
    }
}

void emg_softmax_s16(const emg_softmax_s16_t *layer, const int16_t *in, int16_t *out) {
    for (int32_t row = 0; row < layer->rows; ++row) {
        one_row(layer, in, out);
        in += layer->depth;
        out += layer->depth;
    }
}
