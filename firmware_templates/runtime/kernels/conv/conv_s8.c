#include "conv_s8.h"

#include <string.h>

#include "../support/dot_s8.h"
#include "../support/requantize.h"

static void gather(const emg_conv_s8_t *layer, const int8_t *in, int32_t top, int32_t left, int8_t *patch) {
    const uint32_t depth = (uint32_t)layer->in_channels;
    for (int32_t ky = 0; ky < layer->kernel_h; ++ky) {
        const int32_t y = top + ky * layer->dilation_h;
        for (int32_t kx = 0; kx < layer->kernel_w; ++kx) {
            const int32_t x = left + kx * layer->dilation_w;
            if (y < 0 || y >= layer->in_h || x < 0 || x >= layer->in_w) {
                memset(patch, layer->in_zero_point, depth);
            } else {
                memcpy(patch, in + (y * layer->in_w + x) * layer->in_channels, depth);
            }
            patch += depth;
        }
    }
}

static void one_pixel(const emg_conv_s8_t *layer, const int8_t *patch, int8_t *out) {
    const emg_channels_t *ch = &layer->channels;
    const int32_t depth = layer->kernel_h * layer->kernel_w * layer->in_channels;
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
    const int32_t pixels = layer->out_h * layer->out_w;
    for (int32_t i = 0; i < pixels; ++i) {
        const int32_t pixel = layer->backward ? pixels - 1 - i : i;
        const int32_t top = pixel / layer->out_w * layer->stride_h - layer->pad_top;
        const int32_t left = pixel % layer->out_w * layer->stride_w - layer->pad_left;
        gather(layer, in, top, left, patch);
        one_pixel(layer, patch, out + pixel * layer->out_channels);
    }
}
