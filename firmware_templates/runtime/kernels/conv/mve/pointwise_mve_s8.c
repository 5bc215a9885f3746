/* SPDX-License-Identifier: MIT */
#include "pointwise_mve_s8.h"

#include "gemm_group_mve.h"
#include "patches.h"

void emg_pointwise_mve_s8(const emg_pointwise_mve_s8_t *layer, const int8_t *in, int8_t *out,
                          int8_t *scratch) {
    const int32_t groups = (layer->pixels + EMG_PIXELS - 1) / EMG_PIXELS;
    const int32_t depth = layer->in_channels;
    for (int32_t i = 0; i < groups; ++i) {
        const int32_t first = EMG_PIXELS * (layer->backward ? groups - 1 - i : i);
        const int32_t left = layer->pixels - first;
        const int8_t *from = in + first * depth;
        if (left >= EMG_PIXELS) {
            emg_put_three(from, depth, scratch);
        } else {
            emg_put_patch(from, depth, scratch);
            emg_put_patch(from + (left - 1) * depth, depth, scratch + EMG_VECTOR);
        }
        emg_gemm_group_mve(layer->stream, &layer->gemm, layer->rectified, scratch, left,
                           out + first * layer->gemm.channels);
    }
}
