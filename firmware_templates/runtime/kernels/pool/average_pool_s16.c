/* SPDX-License-Identifier: MIT */
#include "average_pool_s16.h"

#include "../support/requantize.h"

static int32_t sum(const emg_pool_t *layer, const emg_pool_window_t *w, const int16_t *plane) {
    int32_t total = 0;
    for (int32_t y = w->first_y; y < w->end_y; ++y) {
        for (int32_t x = w->first_x; x < w->end_x; ++x) {
            total += plane[(y * layer->in_w + x) * layer->channels];
        }
    }
    return total;
}

void emg_average_pool_s16(const emg_average_pool_s16_t *layer, const int16_t *in, int16_t *out) {
    for (int32_t y = 0; y < layer->out_h; ++y) {
        for (int32_t x = 0; x < layer->out_w; ++x) {
            const emg_pool_window_t window = emg_pool_window(layer, y, x);
            const int32_t count = (window.end_y - window.first_y) * (window.end_x - window.first_x);
            for (int32_t c = 0; c < layer->channels; ++c) {
                const int32_t total = sum(layer, &window, in + c);
                /* To the nearest, ties away from zero. */
                const int32_t mean = (total > 0 ? total + count / 2 : total - count / 2) / count;
                *out++ = (int16_t)emg_clamp(mean, layer->low, layer->high);
            }
        }
    }
}
