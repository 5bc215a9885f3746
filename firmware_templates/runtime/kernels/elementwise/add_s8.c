/* SPDX-License-Identifier: MIT */
#include "add_s8.h"

#include "../support/requantize.h"

/* TFLite adds in a common scale with 20 bits of headroom below the point. */
enum { LEFT_SHIFT = 20 };

static int32_t scaled(int32_t q, int32_t zero_point, int32_t multiplier, int32_t shift) {
    return emg_requantize((q - zero_point) * (1 << LEFT_SHIFT), multiplier, shift);
}

void emg_add_s8(const emg_add_s8_t *layer, const int8_t *a, const int8_t *b, int8_t *out) {
    for (int32_t i = 0; i < layer->length; ++i) {
        const int32_t sum = scaled(a[i], layer->a_zero_point, layer->a_multiplier, layer->a_shift) +
                            scaled(b[i], layer->b_zero_point, layer->b_multiplier, layer->b_shift);
        const int32_t q = emg_requantize(sum, layer->multiplier, layer->shift) + layer->zero_point;
        out[i] = (int8_t)emg_clamp(q, layer->low, layer->high);
    }
}
