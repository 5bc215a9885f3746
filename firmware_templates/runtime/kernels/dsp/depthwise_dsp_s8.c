#include "depthwise_dsp_s8.h"

#include <string.h>

#include "simd.h"

enum { CHANNELS = 4, RING = 3, PADDING_LINE = 3, LEAST_OUTPUTS = 4 };

typedef struct {
    uint32_t *lines; /* RING lines and one of padding */
    emg_depthwise_channel_t *channels;
    int8_t *staged;
} workspace_t;

static workspace_t divide(const emg_depthwise_dsp_s8_t *layer, int8_t *scratch) {
    int8_t *after_lines = scratch + (RING + 1) * CHANNELS * layer->line.plane;
    workspace_t w;
    w.lines = (uint32_t *)(void *)scratch;
    w.channels = (emg_depthwise_channel_t *)(void *)after_lines;
    w.staged = after_lines + CHANNELS * (int32_t)sizeof(emg_depthwise_channel_t);
    return w;
}

static uint32_t *line_at(const emg_depthwise_dsp_s8_t *layer, const workspace_t *w, int32_t slot) {
    return w->lines + slot * layer->line.plane; /* CHANNELS planes of plane / 4 words */
}

static uint32_t tap(const emg_depthwise_dsp_s8_t *layer, const int8_t *weights, int32_t line, int32_t position) {
    return (uint32_t)weights[line * layer->tap_line + position * layer->tap_position];
}

static void prepare_channels(const emg_depthwise_dsp_s8_t *layer, int32_t first, emg_depthwise_channel_t *to) {
    for (int32_t c = first; c < first + CHANNELS; ++c, ++to) {
        const int8_t *weights = layer->weights + c;
        to->bias = layer->channels.bias[c];
        to->multiplier = layer->channels.multiplier[c];
        to->shift = layer->channels.shift[c];
        for (int32_t line = 0; line < 3; ++line) {
            const uint32_t k1 = tap(layer, weights, line, 1);
            to->taps[line][0] = emg_pack_low(tap(layer, weights, line, 0), k1);
            to->taps[line][1] = emg_pack_low(k1, tap(layer, weights, line, 2));
        }
    }
}

/* Two neighbouring positions, four channels each, to one word of each channel's plane. */
static void put_pair(uint32_t a, uint32_t b, uint32_t *to, int32_t plane_words) {
    const uint32_t even_a = emg_even_bytes(a), even_b = emg_even_bytes(b);
    const uint32_t odd_a = emg_odd_bytes(a), odd_b = emg_odd_bytes(b);
    to[0] = emg_pack_low(even_a, even_b);
    to[plane_words] = emg_pack_low(odd_a, odd_b);
    to[2 * plane_words] = emg_pack_high(even_a, even_b);
    to[3 * plane_words] = emg_pack_high(odd_a, odd_b);
}

static void load_line(const emg_depthwise_dsp_s8_t *layer, const int8_t *from, uint32_t *to) {
    const uint32_t padding = (uint32_t)(uint8_t)layer->in_zero_point * 0x01010101u;
    const int32_t words = layer->line.plane / 4;
    const int32_t step = layer->position_bytes;
    const uint32_t *end = to + words;
    int32_t left = layer->positions;
    if (layer->pad_positions) {
        put_pair(padding, emg_load4(from), to++, words);
        from += step;
        --left;
    }
    for (; left >= 2; left -= 2) {
        put_pair(emg_load4(from), emg_load4(from + step), to++, words);
        from += 2 * step;
    }
    if (left == 1) {
        put_pair(emg_load4(from), padding, to++, words);
    }
    while (to < end) {
        put_pair(padding, padding, to++, words);
    }
}

static void one_line(const emg_depthwise_dsp_s8_t *layer, const workspace_t *w, int32_t first, int8_t *out) {
    const uint32_t *lines[3];
    for (int32_t k = 0; k < 3; ++k) {
        const int32_t line = first + k;
        const int outside = line < 0 || line >= layer->lines;
        lines[k] = line_at(layer, w, outside ? PADDING_LINE : line % RING);
    }
    if (layer->position_stride == 1) {
        emg_depthwise_line_s8(lines[0], lines[1], lines[2], w->channels, out, &layer->line);
    } else {
        emg_depthwise_line_stride2_s8(lines[0], lines[1], lines[2], w->channels, out, &layer->line);
    }
}

static void four_channels(const emg_depthwise_dsp_s8_t *layer, const workspace_t *w, const int8_t *in, int8_t *out) {
    int32_t loaded = 0;
    for (int32_t y = 0; y < layer->out_lines; ++y) {
        const int32_t first = y * layer->line_stride - layer->pad_lines;
        for (; loaded < layer->lines && loaded < first + 3; ++loaded) {
            load_line(layer, in + loaded * layer->line_bytes, line_at(layer, w, loaded % RING));
        }
        int8_t *target = out + y * layer->out_line_bytes;
        if (layer->out_positions >= LEAST_OUTPUTS) {
            one_line(layer, w, first, target);
            continue;
        }
        one_line(layer, w, first, w->staged);
        for (int32_t x = 0; x < layer->out_positions; ++x) {
            memcpy(target + x * layer->out_position_bytes, w->staged + x * CHANNELS, CHANNELS);
        }
    }
}

void emg_depthwise_dsp_s8(const emg_depthwise_dsp_s8_t *layer, const int8_t *in, int8_t *out, int8_t *scratch) {
    const workspace_t w = divide(layer, scratch);
    uint32_t *padding = line_at(layer, &w, PADDING_LINE);
    const uint32_t both = (uint32_t)(uint16_t)layer->in_zero_point * 0x10001u;
    for (int32_t i = 0; i < layer->line.plane; ++i) { /* CHANNELS planes of plane / 4 words */
        padding[i] = both;
    }
    for (int32_t c = 0; c < layer->channel_count; c += CHANNELS) {
        prepare_channels(layer, c, w.channels);
        four_channels(layer, &w, in + c, out + c);
    }
}
