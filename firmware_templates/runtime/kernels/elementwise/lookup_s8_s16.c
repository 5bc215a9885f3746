/* SPDX-License-Identifier: MIT */
#include "lookup_s8_s16.h"

void emg_lookup_s8_s16(const emg_lookup_s8_s16_t *layer, const int8_t *in, int16_t *out) {
    const int16_t *middle = layer->table + 128;
    for (int32_t i = layer->length - 1; i >= 0; --i) {
        out[i] = middle[in[i]];
    }
}
