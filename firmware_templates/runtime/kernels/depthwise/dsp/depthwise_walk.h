/* SPDX-License-Identifier: MIT */
/* DEPTHWISE_CONV_2D with a 3 x 3 window, four channels at a time: how the image is walked over.
 * EMG_DEPTHWISE_COMPUTE(layer, line, channels, out), defined before this is included, calls one of the
 * kernels of depthwise_lines_s8.h. */
#ifndef EMG_KERNELS_DSP_DEPTHWISE_WALK_H
#define EMG_KERNELS_DSP_DEPTHWISE_WALK_H

#include <string.h>

#include "../../support/dsp/simd.h"
#include "depthwise_dsp.h"
#include "depthwise_lines_s8.h"
#include "depthwise_widen_s8.h"

enum { CHANNELS = 4, RING = 3, PADDING_LINE = 3 };

/* lines: the image with its padding, or else RING lines and one of padding. */
typedef struct {
    const emg_depthwise_channel_t *channels;
    uint32_t *lines;
    int8_t *staged;
} workspace_t;

static inline int32_t plane_words(const emg_depthwise_dsp_t *layer) {
    return CHANNELS * (layer->whole ? layer->line.plane : (RING + 1) * layer->line.plane) / 4;
}

/* Lines shorter than a block are computed as whole blocks, of which the outputs that exist are copied. */
static inline void lines_of_outputs(const emg_depthwise_dsp_t *layer, const uint32_t *const line[RING],
                                    const workspace_t *w, int8_t *out) {
    if (layer->out_positions >= layer->line.block) {
        EMG_DEPTHWISE_COMPUTE(layer, line, w->channels, out);
        return;
    }
    EMG_DEPTHWISE_COMPUTE(layer, line, w->channels, w->staged);
    const int8_t *from = w->staged;
    for (int32_t y = 0; y < layer->line.lines; ++y, out += layer->out_line_bytes) {
        for (int32_t x = 0; x < layer->out_positions; ++x) {
            memcpy(out + x * layer->out_position_bytes, from + x * CHANNELS, CHANNELS);
        }
        from += CHANNELS * layer->line.block;
    }
}

static inline void whole_image(const emg_depthwise_dsp_t *layer, const workspace_t *w, const int8_t *in,
                               int8_t *out) {
    const int32_t words = layer->pitch / 4;
    const uint32_t *const line[RING] = {w->lines, w->lines + words, w->lines + 2 * words};
    emg_depthwise_widen_s8(in, layer->lines, w->lines + layer->pad_lines * words, &layer->widen);
    lines_of_outputs(layer, line, w, out);
}

/* The three lines under the window, oldest first, and the buffers they turn through. */
typedef struct {
    uint32_t *line[RING];
    const uint32_t *padding;
    int32_t next; /* number of the next line to load */
} ring_t;

/* Turn the ring by one line; a line outside the image is not loaded but stands for padding. */
static inline void advance(const emg_depthwise_dsp_t *layer, ring_t *ring, const int8_t *in) {
    uint32_t *oldest = ring->line[0];
    ring->line[0] = ring->line[1];
    ring->line[1] = ring->line[2];
    ring->line[2] = oldest;
    if (ring->next >= 0 && ring->next < layer->lines) {
        emg_depthwise_widen_s8(in + ring->next * layer->line_bytes, 1, oldest, &layer->widen);
    }
    ++ring->next;
}

static inline const uint32_t *line_or_padding(const emg_depthwise_dsp_t *layer, const ring_t *ring,
                                              int32_t k) {
    const int32_t number = ring->next - RING + k;
    return number < 0 || number >= layer->lines ? ring->padding : ring->line[k];
}

static inline void line_by_line(const emg_depthwise_dsp_t *layer, const workspace_t *w, const int8_t *in,
                                int8_t *out) {
    const int32_t size = CHANNELS * layer->line.plane / 4;
    ring_t ring = {
        {w->lines, w->lines + size, w->lines + 2 * size}, w->lines + PADDING_LINE * size, -layer->pad_lines};
    for (int32_t y = 0; y < layer->out_lines; ++y, out += layer->out_line_bytes) {
        const int32_t last = y * layer->line_stride - layer->pad_lines + RING;
        while (ring.next < last) {
            advance(layer, &ring, in);
        }
        const uint32_t *const line[RING] = {line_or_padding(layer, &ring, 0),
                                            line_or_padding(layer, &ring, 1),
                                            line_or_padding(layer, &ring, 2)};
        lines_of_outputs(layer, line, w, out);
    }
}

/* What stands beside the image, and stays there. */
static inline void put_padding(const emg_depthwise_dsp_t *layer, uint32_t *lines) {
    const uint32_t both = (uint32_t)(uint16_t)layer->in_zero_point * 0x10001u;
    for (int32_t i = plane_words(layer) - 1; i >= 0; --i) {
        lines[i] = both;
    }
}

/* Four channels of all pixels. */
static inline void four_channels(const emg_depthwise_dsp_t *layer, const workspace_t *w, const int8_t *in,
                                 int8_t *out) {
    if (layer->whole) {
        whole_image(layer, w, in, out);
    } else {
        line_by_line(layer, w, in, out);
    }
}

#endif
