#include "depthwise_conv_s16.h"

static int16_t one_channel(const emg_depthwise_conv_s16_t *layer, const int16_t *in, int32_t top,
                           int32_t left, int32_t channel) {
    const emg_window_t *w = &layer->window;
    const int8_t *weights = layer->weights + channel;
    const int16_t *plane = in + channel / layer->multiplier;
    int64_t acc = emg_wide_bias(&layer->channels, channel);
    for (int32_t ky = 0; ky < w->kernel_h; ++ky) {
        const int32_t y = top + ky * w->dilation_h;
        for (int32_t kx = 0; kx < w->kernel_w; ++kx) {
            const int32_t x = left + kx * w->dilation_w;
            if (y >= 0 && y < w->in_h && x >= 0 && x < w->in_w) {
                acc += plane[(y * w->in_w + x) * w->in_channels] * *weights;
            }
            weights += w->out_channels;
        }
    }
    return emg_wide_output(&layer->channels, channel, acc);
}

void emg_depthwise_conv_s16(const emg_depthwise_conv_s16_t *layer, const int16_t *in, int16_t *out) {
    const emg_window_t *w = &layer->window;
    for (int32_t y = 0; y < w->out_h; ++y) {
        const int32_t top = y * w->stride_h - w->pad_top;
        for (int32_t x = 0; x < w->out_w; ++x) {
            const int32_t left = x * w->stride_w - w->pad_left;
            for (int32_t c = 0; c < w->out_channels; ++c) {
                *out++ = one_channel(layer, in, top, left, c);
            }
        }
    }
}
