/* SPDX-License-Identifier: MIT */
#include "concatenation.h"

#include <string.h>

void emg_concatenation(const emg_concatenation_t *layer, const int8_t *const *in, int8_t *out) {
    for (int32_t row = 0; row < layer->rows; ++row) {
        for (int32_t i = 0; i < layer->operands; ++i) {
            memmove(out, in[i] + row * layer->run[i], (uint32_t)layer->run[i]);
            out += layer->run[i];
        }
    }
}
