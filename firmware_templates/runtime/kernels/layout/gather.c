/* SPDX-License-Identifier: MIT */
#include "gather.h"

#include <string.h>

void emg_gather(const emg_gather_t *layer, const int8_t *in, int8_t *out) {
    for (int32_t row = 0; row < layer->rows; ++row) {
        for (int32_t i = 0; i < layer->count; ++i) {
            memcpy(out, in + layer->places[i], (uint32_t)layer->unit);
            out += layer->unit;
        }
        in += layer->row;
    }
}
