/* SPDX-License-Identifier: MIT */
#include "conv_s16.h"

static int64_t one_channel(const int16_t *patch, const int8_t *weights, int32_t depth, int64_t acc) {
    for (int32_t k = 0; k < depth; ++k) {
        acc += patch[k] * weights[k];
    }
    return acc;
}

static void one_pixel(const emg_conv_s16_t *layer, const int16_t *patch, int16_t *out) {
    const emg_window_t *w = &layer->window;
    const emg_wide_channels_t *channels = &layer->channels;
    const int32_t depth = w->kernel_h * w->kernel_w * w->in_channels;
    const int8_t *weights = layer->weights;
    int32_t c = 0;
    for (; c + 1 < w->out_channels; c += 2) { /* each input is loaded once for two channels */
        const int8_t *second = weights + depth;
        int64_t a = emg_wide_bias(channels, c), b = emg_wide_bias(channels, c + 1);
        for (int32_t k = 0; k < depth; ++k) {
            const int32_t x = patch[k];
            a += x * weights[k];
            b += x * second[k];
        }
        weights = second + depth;
        out[c] = emg_wide_output(channels, c, a);
        out[c + 1] = emg_wide_output(channels, c + 1, b);
    }
    if (c < w->out_channels) {
        const int64_t acc = one_channel(patch, weights, depth, emg_wide_bias(channels, c));
        out[c] = emg_wide_output(channels, c, acc);
    }
}

void emg_conv_s16(const emg_conv_s16_t *layer, const int16_t *in, int16_t *out, int16_t *patch) {
    const emg_window_t *w = &layer->window;
    const int32_t pixels = w->out_h * w->out_w;
    for (int32_t i = 0; i < pixels; ++i) {
        const int32_t pixel = w->backward ? pixels - 1 - i : i;
        emg_gather_s16(w, in, pixel, patch);
        one_pixel(layer, patch, out + pixel * w->out_channels);
    }
}
