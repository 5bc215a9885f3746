/* SPDX-License-Identifier: MIT */
#include "transpose.h"

#include <string.h>

static int8_t *row(const emg_transpose_t *layer, const int8_t *in, int8_t *out) {
    for (int32_t i = 0; i < layer->shape[3]; ++i) {
        memcpy(out, in, (uint32_t)layer->unit);
        in += layer->stride[3];
        out += layer->unit;
    }
    return out;
}

void emg_transpose(const emg_transpose_t *layer, const int8_t *in, int8_t *out) {
    in += layer->first;
    for (int32_t i = 0; i < layer->shape[0]; ++i) {
        for (int32_t j = 0; j < layer->shape[1]; ++j) {
            for (int32_t k = 0; k < layer->shape[2]; ++k) {
                out =
                    row(layer, in + i * layer->stride[0] + j * layer->stride[1] + k * layer->stride[2], out);
            }
        }
    }
}
