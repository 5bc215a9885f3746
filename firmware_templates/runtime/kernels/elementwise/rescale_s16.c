/* SPDX-License-Identifier: MIT */
#include "rescale_s16.h"

#include "../support/requantize.h"

void emg_rescale_s16(const emg_rescale_s16_t *layer, const int16_t *in, int16_t *out) {
    for (int32_t i = 0; i < layer->length; ++i) {
        const int32_t x = in[i];
        const int32_t q = x >= 0 ? emg_requantize(x, layer->multiplier, layer->shift)
                                 : layer->negative_sign *
                                       emg_requantize(x, layer->negative_multiplier, layer->negative_shift);
        out[i] = (int16_t)emg_clamp(q, layer->low, layer->high);
    }
}
