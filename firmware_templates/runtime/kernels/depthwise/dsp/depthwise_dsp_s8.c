/* SPDX-License-Identifier: MIT */
#include "depthwise_dsp_s8.h"

#include "../../support/dsp/simd.h"
#include "depthwise_lines_s8.h"

enum { LANES = 4 };

/* Four channels of one line of the window: the pairs (k0, k1) or (k1, k2), doubled. */
static void put_taps(emg_depthwise_channel_t *to, int32_t line, int32_t pair, uint32_t k_first,
                     uint32_t k_second) {
    const uint32_t even_a = emg_even_bytes(k_first), even_b = emg_even_bytes(k_second);
    const uint32_t odd_a = emg_odd_bytes(k_first), odd_b = emg_odd_bytes(k_second);
    to[0].taps[line][pair] = emg_pack_low(even_a << 1, even_b << 1);
    to[1].taps[line][pair] = emg_pack_low(odd_a << 1, odd_b << 1);
    to[2].taps[line][pair] = emg_pack_high(even_a, even_b) << 1 & ~0x10000u;
    to[3].taps[line][pair] = emg_pack_high(odd_a, odd_b) << 1 & ~0x10000u;
}

static void prepare_channels(const emg_depthwise_dsp_s8_t *layer, int32_t first,
                             emg_depthwise_channel_t *to) {
    const emg_channels_t *ch = &layer->channels;
    const int8_t *weights = layer->weights + first;
    for (int32_t line = 0; line < 3; ++line, weights += layer->tap_line) {
        const uint32_t k0 = emg_load4(weights);
        const uint32_t k1 = emg_load4(weights + layer->tap_position);
        const uint32_t k2 = emg_load4(weights + 2 * layer->tap_position);
        put_taps(to, line, 0, k0, k1);
        put_taps(to, line, 1, k1, k2);
    }
    for (int32_t c = first; c < first + LANES; ++c, ++to) {
        to->bias = 2 * ch->bias[c];
        to->multiplier = ch->multiplier[c];
        to->shift = ch->shift[c];
        to->offset = (int32_t)((uint32_t)ch->zero_point << ch->shift[c]);
    }
}

static void compute(const emg_depthwise_dsp_t *layer, const uint32_t *const line[3],
                    const emg_depthwise_channel_t *channels, int8_t *out) {
    if (layer->position_stride == 2) {
        emg_depthwise_four_stride2_s8(line, channels, out, &layer->line);
    } else {
        emg_depthwise_four_s8(line, channels, out, &layer->line);
    }
}

#define EMG_DEPTHWISE_COMPUTE compute
#include "depthwise_walk.h"

void emg_depthwise_dsp_s8(const emg_depthwise_dsp_s8_t *layer, const int8_t *in, int8_t *out,
                          int8_t *scratch) {
    const emg_depthwise_dsp_t *walk = &layer->walk;
    int8_t *after_lines = scratch + 4 * plane_words(walk);
    emg_depthwise_channel_t *channels = (emg_depthwise_channel_t *)(void *)after_lines;
    int8_t *staged = after_lines + CHANNELS * (int32_t)sizeof(emg_depthwise_channel_t);
    const workspace_t w = {channels, (uint32_t *)(void *)scratch, staged};
    put_padding(walk, w.lines);
    for (int32_t c = 0; c < walk->channel_count; c += CHANNELS) {
        prepare_channels(layer, c, channels);
        four_channels(walk, &w, in + c, out + c);
    }
}
