/* SPDX-License-Identifier: MIT */
#include "average_pool_s8.h"

#include "../support/requantize.h"

enum { AT_ONCE = 4 };

static void sum_one(const emg_pool_t *layer, const emg_pool_window_t *w, const int8_t *plane,
                    int32_t *total) {
    const int32_t row = layer->in_w * layer->channels;
    const int8_t *first = plane + w->first_y * row + w->first_x * layer->channels;
    *total = 0;
    for (int32_t y = w->first_y; y < w->end_y; ++y, first += row) {
        const int8_t *at = first;
        for (int32_t x = w->first_x; x < w->end_x; ++x, at += layer->channels) {
            *total += *at;
        }
    }
}

/* Sums of four neighbouring channels: one walk over the window for all of them. */
static void sum_four(const emg_pool_t *layer, const emg_pool_window_t *w, const int8_t *plane,
                     int32_t totals[AT_ONCE]) {
    const int32_t row = layer->in_w * layer->channels;
    const int8_t *first = plane + w->first_y * row + w->first_x * layer->channels;
    int32_t a = 0, b = 0, c = 0, d = 0;
    for (int32_t y = w->first_y; y < w->end_y; ++y, first += row) {
        const int8_t *at = first;
        for (int32_t x = w->first_x; x < w->end_x; ++x, at += layer->channels) {
            a += at[0];
            b += at[1];
            c += at[2];
            d += at[3];
        }
    }
    totals[0] = a;
    totals[1] = b;
    totals[2] = c;
    totals[3] = d;
}

static void one_pixel(const emg_pool_t *layer, const emg_pool_window_t *window, const int8_t *in,
                      int8_t *out) {
    const int32_t count = (window->end_y - window->first_y) * (window->end_x - window->first_x);
    int32_t totals[AT_ONCE], known = 0;
    for (int32_t c = 0; c < layer->channels; c += known) {
        known = c + AT_ONCE <= layer->channels ? AT_ONCE : 1;
        if (known == AT_ONCE) {
            sum_four(layer, window, in + c, totals);
        } else {
            sum_one(layer, window, in + c, totals);
        }
        for (int32_t i = 0; i < known; ++i) {
            /* To the nearest, ties away from zero. */
            const int32_t total = totals[i];
            const int32_t mean = (total > 0 ? total + count / 2 : total - count / 2) / count;
            *out++ = (int8_t)emg_clamp(mean, layer->low, layer->high);
        }
    }
}

void emg_average_pool_s8(const emg_average_pool_s8_t *layer, const int8_t *in, int8_t *out) {
    for (int32_t y = 0; y < layer->out_h; ++y) {
        for (int32_t x = 0; x < layer->out_w; ++x, out += layer->channels) {
            const emg_pool_window_t window = emg_pool_window(layer, y, x);
            one_pixel(layer, &window, in, out);
        }
    }
}
