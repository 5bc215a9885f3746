#include "depthwise_conv_s8.h"

#include "../support/requantize.h"

static int32_t one_channel(const emg_depthwise_conv_s8_t *layer, const int8_t *in, int32_t top, int32_t left,
                           int32_t channel) {
    const int32_t out_channels = layer->in_channels * layer->multiplier;
    const int8_t *weights = layer->weights + channel;
    const int8_t *plane = in + channel / layer->multiplier;
    int32_t acc = layer->channels.bias[channel];
    for (int32_t ky = 0; ky < layer->kernel_h; ++ky) {
        const int32_t y = top + ky * layer->dilation_h;
        for (int32_t kx = 0; kx < layer->kernel_w; ++kx) {
            const int32_t x = left + kx * layer->dilation_w;
            const int inside = y >= 0 && y < layer->in_h && x >= 0 && x < layer->in_w;
            acc += (inside ? plane[(y * layer->in_w + x) * layer->in_channels] : layer->in_zero_point) *
                   *weights;
            weights += out_channels;
        }
    }
    return acc;
}

void emg_depthwise_conv_s8(const emg_depthwise_conv_s8_t *layer, const int8_t *in, int8_t *out) {
    const emg_channels_t *ch = &layer->channels;
    const int32_t out_channels = layer->in_channels * layer->multiplier;
    for (int32_t y = 0; y < layer->out_h; ++y) {
        const int32_t top = y * layer->stride_h - layer->pad_top;
        for (int32_t x = 0; x < layer->out_w; ++x) {
            const int32_t left = x * layer->stride_w - layer->pad_left;
            for (int32_t c = 0; c < out_channels; ++c) {
                const int32_t acc = one_channel(layer, in, top, left, c);
                const int32_t q = emg_requantize(acc, ch->multiplier[c], ch->shift[c]) + ch->zero_point;
                *out++ = (int8_t)emg_clamp(q, ch->low, ch->high);
            }
        }
    }
}
