#include "depthwise_conv_s8.h"

#include "../support/requantize.h"

enum { QUAD = 4 };

static void put_output(const emg_channels_t *ch, int32_t channel, int32_t sum, int8_t *out) {
    const int32_t q = emg_requantize(sum, ch->multiplier[channel], ch->shift[channel]) + ch->zero_point;
    out[channel] = (int8_t)emg_clamp(q, ch->low, ch->high);
}

/* Outputs number `channel`, + multiplier, + 2 * multiplier, + 3 * multiplier, of four channels that lie side
 * by side at `in`. */
static inline void four_outputs(const emg_depthwise_conv_s8_t *layer, const int8_t *in,
                                const emg_depthwise_run_t *run, const emg_depthwise_run_t *end,
                                int32_t channel, int32_t multiplier, int8_t *out) {
    const emg_channels_t *ch = &layer->channels;
    const int32_t next = layer->shape.channels * multiplier;
    const int8_t zero = layer->shape.in_zero_point;
    const int8_t padding[QUAD] = {zero, zero, zero, zero};
    const int8_t *w = layer->weights + channel;
    const int32_t second = channel + multiplier, third = second + multiplier, fourth = third + multiplier;
    int32_t a = ch->bias[channel], b = ch->bias[second], c = ch->bias[third], d = ch->bias[fourth];
    for (; run != end; ++run) {
        const int32_t step = run->step;
        const int8_t *x = step ? in + run->from : padding;
        for (int32_t i = run->taps; i > 0; --i, x += step, w += next) {
            const int32_t x0 = x[0], x1 = x[1], x2 = x[2], x3 = x[3];
            a += x0 * w[0];
            b += x1 * w[multiplier];
            c += x2 * w[2 * multiplier];
            d += x3 * w[3 * multiplier];
        }
    }
    put_output(ch, channel, a, out);
    put_output(ch, second, b, out);
    put_output(ch, third, c, out);
    put_output(ch, fourth, d, out);
}

static void one_output(const emg_depthwise_conv_s8_t *layer, const int8_t *in, const emg_depthwise_run_t *run,
                       const emg_depthwise_run_t *end, int32_t channel, int8_t *out) {
    const int32_t next = layer->shape.channels * layer->shape.multiplier;
    const int8_t *w = layer->weights + channel;
    int32_t sum = layer->channels.bias[channel];
    for (; run != end; ++run) {
        const int8_t *x = run->step ? in + run->from : &layer->shape.in_zero_point;
        for (int32_t i = run->taps; i > 0; --i, x += run->step, w += next) {
            sum += *x * *w;
        }
    }
    put_output(&layer->channels, channel, sum, out);
}

static void one_pixel(const void *given, const int8_t *in, const emg_depthwise_run_t *runs,
                      const emg_depthwise_run_t *end, int8_t *out) {
    const emg_depthwise_conv_s8_t *layer = (const emg_depthwise_conv_s8_t *)given;
    const int32_t channels = layer->shape.channels, multiplier = layer->shape.multiplier;
    int32_t c = 0;
    if (multiplier == 1) {
        for (; c + QUAD <= channels; c += QUAD) {
            four_outputs(layer, in + c, runs, end, c, 1, out);
        }
    }
    for (; c + QUAD <= channels; c += QUAD) {
        for (int32_t i = 0; i < multiplier; ++i) {
            four_outputs(layer, in + c, runs, end, c * multiplier + i, multiplier, out);
        }
    }
    for (; c < channels; ++c) {
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
