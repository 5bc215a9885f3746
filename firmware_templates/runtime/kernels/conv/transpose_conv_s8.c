/* SPDX-License-Identifier: MIT */
#include "transpose_conv_s8.h"

#include "../support/requantize.h"

static int32_t dot(const int8_t *x, const int8_t *w, int32_t depth, int32_t zero_point) {
    int32_t sum = 0;
    for (int32_t i = 0; i < depth; ++i) {
        sum += (x[i] - zero_point) * w[i];
    }
    return sum;
}

/* The sum over those taps that an input lies at; (y, x) counts from the padding's corner. */
static int32_t gathered(const emg_transpose_conv_s8_t *layer, const int8_t *in, const int8_t *weights,
                        int32_t y, int32_t x) {
    const int32_t depth = layer->in_channels;
    int32_t sum = 0;
    for (int32_t ky = y % layer->stride_h; ky < layer->kernel_h && ky <= y; ky += layer->stride_h) {
        const int32_t row = (y - ky) / layer->stride_h;
        for (int32_t kx = x % layer->stride_w; kx < layer->kernel_w && kx <= x; kx += layer->stride_w) {
            const int32_t column = (x - kx) / layer->stride_w;
            if (row < layer->in_h && column < layer->in_w) {
                sum += dot(in + (row * layer->in_w + column) * depth,
                           weights + (ky * layer->kernel_w + kx) * depth, depth, layer->in_zero_point);
            }
        }
    }
    return sum;
}

void emg_transpose_conv_s8(const emg_transpose_conv_s8_t *layer, const int8_t *in, int8_t *out) {
    const emg_channels_t *ch = &layer->channels;
    const int32_t taps = layer->kernel_h * layer->kernel_w * layer->in_channels;
    for (int32_t y = 0; y < layer->out_h; ++y) {
        for (int32_t x = 0; x < layer->out_w; ++x) {
            for (int32_t c = 0; c < layer->out_channels; ++c) {
                const int32_t sum = ch->bias[c] + gathered(layer, in, layer->weights + c * taps,
                                                           y + layer->pad_top, x + layer->pad_left);
                const int32_t q = emg_requantize(sum, ch->multiplier[c], ch->shift[c]) + ch->zero_point;
                *out++ = (int8_t)emg_clamp(q, ch->low, ch->high);
            }
        }
    }
}
