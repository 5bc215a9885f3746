/* SPDX-License-Identifier: MIT */
#include "conv_pairs_s8.h"

/* The same channels from number `first` on. */
static emg_gemm_2x2_t channels_from(const emg_gemm_2x2_t *all, int32_t first) {
    emg_gemm_2x2_t rest = *all;
    rest.weights += first * all->depth;
    rest.bias += first;
    rest.multiplier += first;
    rest.shift += first;
    return rest;
}

void emg_conv_pairs_s8(const emg_conv_pairs_s8_t *layer, const int8_t *in, int8_t *out, int8_t *patches) {
    const emg_window_s8_t *w = &layer->window;
    const int32_t pixels = w->out_h * w->out_w, depth = layer->out_channels, last = depth - 2;
    const emg_gemm_2x2_t behind = channels_from(&layer->channels, last);
    const int32_t groups = (pixels + 1) / 2;
    for (int32_t i = 0; i < groups; ++i) {
        const int32_t first = 2 * (layer->backward ? groups - 1 - i : i);
        const int32_t second = first + 1 < pixels ? first + 1 : first;
        int8_t *x1 = emg_patch_s8(w, in, first / w->out_w, first % w->out_w, patches);
        emg_patch_s8(w, in, second / w->out_w, second % w->out_w, x1);
        int8_t *out0 = out + first * depth, *out1 = out + second * depth;
        emg_gemm_2x2_s8(patches, x1, &layer->channels, depth / 2, out0, out1);
        if (depth % 2) {
            emg_gemm_2x2_s8(patches, x1, &behind, 1, out0 + last, out1 + last);
        }
    }
}
