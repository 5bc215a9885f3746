/* SPDX-License-Identifier: MIT */
#include "depthwise_any_mve_s8.h"

static void one_pixel(const void *given, const int8_t *in, const emg_depthwise_run_t *runs,
                      const emg_depthwise_run_t *end, int8_t *out) {
    const emg_depthwise_any_mve_s8_t *layer = (const emg_depthwise_any_mve_s8_t *)given;
    const int32_t *stream = layer->stream;
    for (int32_t i = 0; i < layer->shape.multiplier; ++i) {
        stream =
            emg_depthwise_octs_mve_s8(in, stream, runs, end, &layer->how, out + i, layer->shape.channels);
    }
}

void emg_depthwise_any_mve_s8(const emg_depthwise_any_mve_s8_t *layer, const int8_t *in, int8_t *out,
                              int8_t *scratch) {
    emg_depthwise_run_t *runs = (emg_depthwise_run_t *)(void *)scratch;
    emg_depthwise_walk(&layer->shape, layer, in, out, runs, one_pixel);
}
