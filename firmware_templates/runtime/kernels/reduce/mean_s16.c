/* SPDX-License-Identifier: MIT */
#include "mean_s16.h"

#include "../support/requantize.h"

static int32_t sum(const emg_mean_s16_t *layer, const int16_t *in) {
    int32_t total = 0;
    for (int32_t i = 0; i < layer->reduced[0]; ++i) {
        const int16_t *run = in + i * layer->reduced_stride[0];
        for (int32_t k = 0; k < layer->reduced[1]; ++k) {
            total += run[k * layer->reduced_stride[1]];
        }
    }
    return total;
}

void emg_mean_s16(const emg_mean_s16_t *layer, const int16_t *in, int16_t *out) {
    for (int32_t i = 0; i < layer->kept[0]; ++i) {
        for (int32_t k = 0; k < layer->kept[1]; ++k) {
            const int32_t total =
                sum(layer, in + i * layer->kept_stride[0] + k * layer->kept_stride[1]) - layer->offset;
            const int32_t q = emg_requantize(total, layer->multiplier, layer->shift) + layer->zero_point;
            *out++ = (int16_t)emg_clamp(q, INT16_MIN, INT16_MAX);
        }
    }
}
