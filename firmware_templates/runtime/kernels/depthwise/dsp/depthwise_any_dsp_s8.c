/* SPDX-License-Identifier: MIT */
#include "depthwise_any_dsp_s8.h"

enum { QUAD = 4 };

static void one_pixel(const void *given, const int8_t *in, const emg_depthwise_run_t *runs,
                      const emg_depthwise_run_t *end, int8_t *out) {
    const emg_depthwise_any_dsp_s8_t *layer = (const emg_depthwise_any_dsp_s8_t *)given;
    const int32_t multiplier = layer->shape.multiplier;
    const int32_t quads = layer->shape.channels / QUAD, last = layer->shape.channels - QUAD;
    const int32_t *stream = layer->stream;
    for (int32_t i = 0; i < multiplier; ++i, ++out) {
        stream = emg_depthwise_quads_s8(in, stream, runs, end, &layer->how, out, quads);
        if (last % QUAD) {
            stream =
                emg_depthwise_quads_s8(in + last, stream, runs, end, &layer->how, out + last * multiplier, 1);
        }
    }
}

void emg_depthwise_any_dsp_s8(const emg_depthwise_any_dsp_s8_t *layer, const int8_t *in, int8_t *out,
                              int8_t *scratch) {
    emg_depthwise_run_t *runs = (emg_depthwise_run_t *)(void *)scratch;
    emg_depthwise_walk(&layer->shape, layer, in, out, runs, one_pixel);
}
