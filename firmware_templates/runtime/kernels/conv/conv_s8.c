/* SPDX-License-Identifier: MIT */
#include "conv_s8.h"

#include "../support/dot_s8.h"
#include "../support/requantize.h"

static void one_pixel(const emg_conv_s8_t *layer, const int8_t *patch, int32_t depth, int8_t *out) {
    const emg_channels_t *ch = &layer->channels;
    const int8_t *weights = layer->weights;
    for (int32_t c = 0; c < layer->out_channels; c += 2, weights += 2 * depth) {
        const int32_t count = c + 2 <= layer->out_channels ? 2 : 1;
        int32_t sums[2] = {ch->bias[c], ch->bias[c + count - 1]};
        emg_dot_s8(patch, weights, depth, count, sums);
        for (int32_t i = c; i < c + count; ++i) {
            const int32_t q = emg_requantize(sums[i - c], ch->multiplier[i], ch->shift[i]) + ch->zero_point;
            out[i] = (int8_t)emg_clamp(q, ch->low, ch->high);
        }
    }
}

void emg_conv_s8(const emg_conv_s8_t *layer, const int8_t *in, int8_t *out, int8_t *patch) {
    const emg_window_s8_t *w = &layer->window;
    const int32_t pixels = w->out_h * w->out_w;
    for (int32_t i = 0; i < pixels; ++i) {
        const int32_t pixel = layer->backward ? pixels - 1 - i : i;
        const int8_t *end = emg_patch_s8(w, in, pixel / w->out_w, pixel % w->out_w, patch);
        one_pixel(layer, patch, (int32_t)(end - patch), out + pixel * layer->out_channels);
    }
}
