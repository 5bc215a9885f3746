/* SPDX-License-Identifier: MIT */
#include "reduce_extreme_s8.h"

static int8_t extreme(const emg_reduce_extreme_s8_t *layer, const int8_t *in) {
    int8_t found = *in;
    for (int32_t i = 0; i < layer->reduced[0]; ++i) {
        const int8_t *run = in + i * layer->reduced_stride[0];
        for (int32_t k = 0; k < layer->reduced[1]; ++k) {
            const int8_t value = run[k * layer->reduced_stride[1]];
            found = (value > found) == (layer->largest != 0) ? value : found;
        }
    }
    return found;
}

void emg_reduce_extreme_s8(const emg_reduce_extreme_s8_t *layer, const int8_t *in, int8_t *out) {
    for (int32_t i = 0; i < layer->kept[0]; ++i) {
        for (int32_t k = 0; k < layer->kept[1]; ++k) {
            *out++ = extreme(layer, in + i * layer->kept_stride[0] + k * layer->kept_stride[1]);
        }
    }
}
