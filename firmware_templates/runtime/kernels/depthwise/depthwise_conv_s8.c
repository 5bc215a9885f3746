/* SPDX-License-Identifier: MIT */
#include "depthwise_conv_s8.h"

#include "../support/short_outputs_s8.h"
#include "depthwise_sums_s8.h"

enum { QUAD = 4 };

/* Channels four by four; returns the first that is left. */
static int32_t quads(const emg_depthwise_conv_s8_t *layer, const int8_t *in, const emg_depthwise_run_t *runs,
                     const emg_depthwise_run_t *end, int8_t *out) {
    const emg_outputs_s8_t outputs = emg_outputs_s8(&layer->channels, layer->short_form);
    const int32_t *bias = layer->channels.bias;
    const int32_t channels = layer->shape.channels;
    const int8_t zero = layer->shape.in_zero_point;
    const int8_t padding[QUAD] = {zero, zero, zero, zero};
    emg_depthwise_four_t four = {in, layer->weights, channels, padding};
    int32_t c = 0;
    for (; c + QUAD <= channels; c += QUAD, four.in += QUAD, four.weights += QUAD) {
        int32_t sums[QUAD] = {bias[c], bias[c + 1], bias[c + 2], bias[c + 3]};
        emg_depthwise_sums_s8(&four, runs, end, sums);
        if (outputs.short_form) {
            emg_short_outputs_s8(&outputs, c, sums, out);
            continue;
        }
        for (int32_t i = 0; i < QUAD; ++i) {
            out[c + i] = emg_output_s8(&outputs, c + i, sums[i]);
        }
    }
    return c;
}

static void one_output(const emg_depthwise_conv_s8_t *layer, const int8_t *in, const emg_depthwise_run_t *run,
                       const emg_depthwise_run_t *end, int32_t channel, int8_t *out) {
    const emg_outputs_s8_t outputs = emg_outputs_s8(&layer->channels, layer->short_form);
    const int32_t next = layer->shape.channels * layer->shape.multiplier;
    const int8_t *w = layer->weights + channel;
    int32_t sum = layer->channels.bias[channel];
    for (; run != end; ++run) {
        const int32_t step = run->step;
        const int8_t *x = step ? in + run->from : &layer->shape.in_zero_point;
        for (int32_t i = run->taps; i > 0; --i, x += step, w += next) {
            sum += *x * *w;
        }
    }
    out[channel] = emg_output_s8(&outputs, channel, sum);
}

static void one_pixel(const void *given, const int8_t *in, const emg_depthwise_run_t *runs,
                      const emg_depthwise_run_t *end, int8_t *out) {
    const emg_depthwise_conv_s8_t *layer = (const emg_depthwise_conv_s8_t *)given;
    const int32_t multiplier = layer->shape.multiplier;
    int32_t c = multiplier == 1 ? quads(layer, in, runs, end, out) : 0;
    for (; c < layer->shape.channels; ++c) {
        for (int32_t i = 0; i < multiplier; ++i) {
            one_output(layer, in + c, runs, end, c * multiplier + i, out);
        }
    }
}

void emg_depthwise_conv_s8(const emg_depthwise_conv_s8_t *layer, const int8_t *in, int8_t *out,
                           int8_t *scratch) {
    emg_depthwise_run_t *runs = (emg_depthwise_run_t *)(void *)scratch;
    emg_depthwise_walk(&layer->shape, layer, in, out, runs, one_pixel);
}
