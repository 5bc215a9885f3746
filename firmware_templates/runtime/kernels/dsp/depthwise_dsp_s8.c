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
    for (int32_t c = first; c < first + CHANNELS; ++c, ++to) {
        to->bias = 2 * ch->bias[c];
        to->multiplier = ch->multiplier[c];
        to->shift = ch->shift[c];
        to->offset = (int32_t)((uint32_t)ch->zero_point << ch->shift[c]);
    }
}

/* The places of the next word in the planes of a line's four channels. */
typedef struct {
    uint32_t *plane[CHANNELS];
} planes_t;

static planes_t planes_of(uint32_t *line, int32_t plane_words) {
    const planes_t p = {{line, line + plane_words, line + 2 * plane_words, line + 3 * plane_words}};
    return p;
}

/* Two neighbouring positions, four channels each, to one word of each channel's plane. */
static inline void put_pair(uint32_t a, uint32_t b, planes_t *to) {
    const uint32_t even_a = emg_even_bytes(a), even_b = emg_even_bytes(b);
    const uint32_t odd_a = emg_odd_bytes(a), odd_b = emg_odd_bytes(b);
    *to->plane[0]++ = emg_pack_low(even_a, even_b);
    *to->plane[1]++ = emg_pack_low(odd_a, odd_b);
    *to->plane[2]++ = emg_pack_high(even_a, even_b);
    *to->plane[3]++ = emg_pack_high(odd_a, odd_b);
}

static void load_line(const emg_depthwise_dsp_s8_t *layer, const int8_t *from, uint32_t *line) {
    const uint32_t padding = (uint32_t)(uint8_t)layer->in_zero_point * 0x01010101u;
    const int32_t step = layer->position_bytes;
    const uint32_t *end = line + layer->line.plane / 4;
    planes_t to = planes_of(line, layer->line.plane / 4);
    int32_t left = layer->positions;
    if (layer->pad_positions) {
        put_pair(padding, emg_load4(from), &to);
        from += step;
        --left;
    }
    for (; left >= 2; left -= 2) {
        const uint32_t a = emg_load4(from);
        from += step;
        put_pair(a, emg_load4(from), &to);
        from += step;
    }
    if (left == 1) {
        put_pair(emg_load4(from), padding, &to);
    }
    while (to.plane[0] < end) {
        put_pair(padding, padding, &to);
    }
}

/* The three lines under the window, oldest first, and the buffers they turn through. */
typedef struct {
    uint32_t *line[RING];
    const uint32_t *padding;
    int32_t next; /* number of the next line to load */
} ring_t;

/* Turn the ring by one line; a line outside the image is not loaded but stands for padding. */
static void advance(const emg_depthwise_dsp_s8_t *layer, ring_t *ring, const int8_t *in) {
    uint32_t *oldest = ring->line[0];
    ring->line[0] = ring->line[1];
    ring->line[1] = ring->line[2];
    ring->line[2] = oldest;
    if (ring->next >= 0 && ring->next < layer->lines) {
        load_line(layer, in + ring->next * layer->line_bytes, oldest);
    }
    ++ring->next;
}

static const uint32_t *line_or_padding(const emg_depthwise_dsp_s8_t *layer, const ring_t *ring, int32_t k) {
    const int32_t number = ring->next - RING + k;
    return number < 0 || number >= layer->lines ? ring->padding : ring->line[k];
}

static void one_line(const emg_depthwise_dsp_s8_t *layer, const ring_t *ring,
                     const emg_depthwise_channel_t *channels, int8_t *out) {
    const uint32_t *a = line_or_padding(layer, ring, 0);
    const uint32_t *b = line_or_padding(layer, ring, 1);
    const uint32_t *c = line_or_padding(layer, ring, 2);
    if (layer->position_stride == 2) {
        emg_depthwise_line_stride2_s8(a, b, c, channels, out, &layer->line);
    } else if (layer->line.rectified) {
        emg_depthwise_line_rectified_s8(a, b, c, channels, out, &layer->line);
    } else {
        emg_depthwise_line_s8(a, b, c, channels, out, &layer->line);
    }
}

static void four_channels(const emg_depthwise_dsp_s8_t *layer, const workspace_t *w, const int8_t *in,
                          int8_t *out) {
    const int32_t size = CHANNELS * layer->line.plane / 4;
    ring_t ring = {
        {w->lines, w->lines + size, w->lines + 2 * size}, w->lines + PADDING_LINE * size, -layer->pad_lines};
    for (int32_t y = 0; y < layer->out_lines; ++y, out += layer->out_line_bytes) {
        const int32_t last = y * layer->line_stride - layer->pad_lines + RING;
        while (ring.next < last) {
            advance(layer, &ring, in);
        }
        if (layer->out_positions >= LEAST_OUTPUTS) {
            one_line(layer, &ring, w->channels, out);
            continue;
        }
        one_line(layer, &ring, w->channels, w->staged);
        for (int32_t x = 0; x < layer->out_positions; ++x) {
            memcpy(out + x * layer->out_position_bytes, w->staged + x * CHANNELS, CHANNELS);
        }
    }
}

void emg_depthwise_dsp_s8(const emg_depthwise_dsp_s8_t *layer, const int8_t *in, int8_t *out,
                          int8_t *scratch) {
    const workspace_t w = divide(layer, scratch);
    const int32_t words = CHANNELS * layer->line.plane / 4;
    const uint32_t both = (uint32_t)(uint16_t)layer->in_zero_point * 0x10001u;
    for (int32_t i = 0; i < words; ++i) {
        w.lines[PADDING_LINE * words + i] = both;
    }
    for (int32_t c = 0; c < layer->channel_count; c += CHANNELS) {
        prepare_channels(layer, c, w.channels);
        four_channels(layer, &w, in + c, out + c);
    }
}
