/* SPDX-License-Identifier: MIT */
#include "fully_connected_mve_s8.h"

void emg_fully_connected_mve_s8(const emg_fully_connected_mve_s8_t *layer, const int8_t *in, int8_t *out) {
    for (int32_t row = 0; row < layer->rows; ++row) {
        emg_dense_mve_s8(layer->stream, in, out, &layer->dense);
        in += layer->dense.depth;
        out += layer->dense.units;
    }
}
