#include "conv_s16.h"

static void one_pixel(const emg_conv_s16_t *layer, const int16_t *patch, int16_t *out) {
    const emg_window_t *w = &layer->window;
    const int32_t depth = w->kernel_h * w->kernel_w * w->in_channels;
    const int8_t *weights = layer->weights;
    for (int32_t c = 0; c < w->out_channels; ++c) {
        int64_t acc = emg_wide_bias(&layer->channels, c);
        for (int32_t k = 0; k < depth; ++k) {
            acc += patch[k] * weights[k];
        }
        weights += depth;
        out[c] = emg_wide_output(&layer->channels, c, acc);
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
