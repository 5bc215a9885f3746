/* SPDX-License-Identifier: MIT */
#include "conv_s16_b32.h"

#include "../support/requantize.h"

static void one_pixel(const emg_conv_s16_b32_t *layer, const int16_t *patch, int16_t *out) {
    const emg_window_t *w = &layer->window;
    const emg_channels_t *ch = &layer->channels;
    const int32_t depth = w->kernel_h * w->kernel_w * w->in_channels;
    const int8_t *weights = layer->weights;
    for (int32_t c = 0; c < w->out_channels; ++c) {
        int32_t acc = ch->bias[c];
        for (int32_t k = 0; k < depth; ++k) {
            acc += patch[k] * weights[k];
        }
        weights += depth;
        out[c] = (int16_t)emg_clamp(emg_requantize(acc, ch->multiplier[c], ch->shift[c]), ch->low, ch->high);
    }
}

void emg_conv_s16_b32(const emg_conv_s16_b32_t *layer, const int16_t *in, int16_t *out, int16_t *patch) {
    const emg_window_t *w = &layer->window;
    const int32_t pixels = w->out_h * w->out_w;
    for (int32_t i = 0; i < pixels; ++i) {
        const int32_t pixel = w->backward ? pixels - 1 - i : i;
        emg_gather_s16(w, in, pixel, patch);
        one_pixel(layer, patch, out + pixel * w->out_channels);
    }
}
