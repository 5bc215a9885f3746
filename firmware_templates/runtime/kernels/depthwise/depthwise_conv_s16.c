/* SPDX-License-Identifier: MIT */
#include "depthwise_conv_s16.h"

/* The part of a window along one axis that lies inside the image. */
typedef struct {
    int32_t first, end;
} span_t;

static span_t inside(int32_t origin, int32_t taps, int32_t dilation, int32_t size) {
    span_t span;
    span.first = origin < 0 ? (-origin + dilation - 1) / dilation : 0;
    span.end = origin < size ? (size - origin + dilation - 1) / dilation : 0;
    span.end = span.end < taps ? span.end : taps;
    return span;
}

static int64_t sum(const emg_window_t *w, span_t rows, span_t columns, const int16_t *origin,
                   const int8_t *weights, int64_t acc) {
    const int32_t across = w->dilation_w * w->in_channels;
    for (int32_t ky = rows.first; ky < rows.end; ++ky) {
        const int16_t *row = origin + ky * w->dilation_h * w->in_w * w->in_channels;
        const int8_t *taps = weights + ky * w->kernel_w * w->out_channels;
        for (int32_t kx = columns.first; kx < columns.end; ++kx) {
            acc += row[kx * across] * taps[kx * w->out_channels];
        }
    }
    return acc;
}

void emg_depthwise_conv_s16(const emg_depthwise_conv_s16_t *layer, const int16_t *in, int16_t *out) {
    const emg_window_t *w = &layer->window;
    for (int32_t y = 0; y < w->out_h; ++y) {
        const int32_t top = y * w->stride_h - w->pad_top;
        const span_t rows = inside(top, w->kernel_h, w->dilation_h, w->in_h);
        for (int32_t x = 0; x < w->out_w; ++x) {
            const int32_t left = x * w->stride_w - w->pad_left;
            const span_t columns = inside(left, w->kernel_w, w->dilation_w, w->in_w);
            const int32_t corner = (top * w->in_w + left) * w->in_channels;
            int32_t channel = 0;
            for (int32_t c = 0; c < w->in_channels; ++c) {
                for (int32_t m = 0; m < layer->multiplier; ++m, ++channel) {
                    const int64_t bias = emg_wide_bias(&layer->channels, channel);
                    const int64_t acc =
                        sum(w, rows, columns, in + corner + c, layer->weights + channel, bias);
                    *out++ = emg_wide_output(&layer->channels, channel, acc);
                }
            }
        }
    }
}
