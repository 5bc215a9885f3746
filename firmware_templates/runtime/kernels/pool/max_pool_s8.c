/* SPDX-License-Identifier: MIT */
#include "max_pool_s8.h"

#include "../support/requantize.h"

static int32_t largest(const emg_pool_t *layer, const emg_pool_window_t *w, const int8_t *plane) {
    int32_t found = INT8_MIN;
    for (int32_t y = w->first_y; y < w->end_y; ++y) {
        for (int32_t x = w->first_x; x < w->end_x; ++x) {
            const int32_t value = plane[(y * layer->in_w + x) * layer->channels];
            found = value > found ? value : found;
        }
    }
    return found;
}

void emg_max_pool_s8(const emg_max_pool_s8_t *layer, const int8_t *in, int8_t *out) {
    for (int32_t y = 0; y < layer->out_h; ++y) {
        for (int32_t x = 0; x < layer->out_w; ++x) {
            const emg_pool_window_t window = emg_pool_window(layer, y, x);
            for (int32_t c = 0; c < layer->channels; ++c) {
                *out++ = (int8_t)emg_clamp(largest(layer, &window, in + c), layer->low, layer->high);
            }
        }
    }
}
