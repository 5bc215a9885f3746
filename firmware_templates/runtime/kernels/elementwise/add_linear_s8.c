/* SPDX-License-Identifier: MIT */
#include "add_linear_s8.h"

#include "../support/requantize.h"

enum { FRACTION = 22 };

static int32_t sum(const emg_add_linear_s8_t *layer, int32_t a, int32_t b) {
    int32_t acc = layer->offset;
    acc += a * layer->a_weight;
    acc += b * layer->b_weight;
    return acc;
}

/* The usual case: the output type's own limits are the range. */
static void add_full_range(const emg_add_linear_s8_t *layer, const int8_t *a, const int8_t *b, int8_t *out) {
    const emg_add_linear_s8_t l = *layer;
    int32_t i = 0;
    for (; i + 4 <= l.length; i += 4) {
        const int32_t s0 = sum(&l, a[i], b[i]);
        const int32_t s1 = sum(&l, a[i + 1], b[i + 1]);
        const int32_t s2 = sum(&l, a[i + 2], b[i + 2]);
        const int32_t s3 = sum(&l, a[i + 3], b[i + 3]);
        out[i] = (int8_t)emg_shift_saturate8(s0, FRACTION);
        out[i + 1] = (int8_t)emg_shift_saturate8(s1, FRACTION);
        out[i + 2] = (int8_t)emg_shift_saturate8(s2, FRACTION);
        out[i + 3] = (int8_t)emg_shift_saturate8(s3, FRACTION);
    }
    for (; i < l.length; ++i) {
        out[i] = (int8_t)emg_shift_saturate8(sum(&l, a[i], b[i]), FRACTION);
    }
}

void emg_add_linear_s8(const emg_add_linear_s8_t *layer, const int8_t *a, const int8_t *b, int8_t *out) {
    if (layer->low == INT8_MIN && layer->high == INT8_MAX) {
        add_full_range(layer, a, b, out);
        return;
    }
    for (int32_t i = 0; i < layer->length; ++i) {
        out[i] = (int8_t)emg_clamp(sum(layer, a[i], b[i]) >> FRACTION, layer->low, layer->high);
    }
}
