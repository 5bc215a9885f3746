/* SPDX-License-Identifier: MIT */
#include "conv_winograd_s8.h"

#include <string.h>

#include "../../support/dsp/simd.h"
#include "winograd_gemm_s8.h"

enum { ROWS = 4, COLUMNS = 6, PLACES = 16, QUAD = 4, TILES = 2, CONSTANTS = 4 };

/* The rows y to y + 3 of the padded image. */
static void copy_rows(const emg_conv_winograd_s8_t *layer, const int8_t *in, int32_t y, int8_t *to) {
    const int32_t depth = layer->in_channels, left = layer->pad_left * depth;
    const int32_t row = layer->in_w * depth, wide = (layer->out_w + 2) * depth;
    const int32_t copied = left + row < wide ? row : wide - left;
    for (int32_t i = y - layer->pad_top; i < y - layer->pad_top + ROWS; ++i, to += wide) {
        memset(to, layer->in_zero_point, (uint32_t)wide);
        if (i >= 0 && i < layer->in_h) {
            memcpy(to + left, in + i * row, (uint32_t)copied);
        }
    }
}

/* B^T along the rows of one column: two channels in each word. */
static inline void down(uint32_t d0, uint32_t d1, uint32_t d2, uint32_t d3, uint32_t to[ROWS][COLUMNS],
                        int32_t column) {
    to[0][column] = emg_sub_halves(d0, d2);
    to[1][column] = emg_add_halves(d1, d2);
    to[2][column] = emg_sub_halves(d2, d1);
    to[3][column] = emg_sub_halves(d1, d3);
}

/* The same along the columns of one tile. */
static inline void across(uint32_t t0, uint32_t t1, uint32_t t2, uint32_t t3, uint32_t *to, int32_t next) {
    to[0] = emg_sub_halves(t0, t2);
    to[next] = emg_add_halves(t1, t2);
    to[2 * next] = emg_sub_halves(t2, t1);
    to[3 * next] = emg_sub_halves(t1, t3);
}

/* Two tiles, which begin at columns 0 and 2. */
static inline void both_tiles(uint32_t from[ROWS][COLUMNS], uint32_t *to, int32_t next) {
    for (int32_t i = 0; i < ROWS; ++i, to += ROWS * next) {
        const uint32_t *t = from[i];
        const uint32_t t1 = t[1], t2 = t[2], t3 = t[3], t4 = t[4];
        across(t[0], t1, t2, t3, to, next);
        across(t2, t3, t4, t[5], to + 1, next);
    }
}

/* Two tiles of all channels, [place][pair of channels][tile]; a word of four channels gives the pairs (0, 2),
 * (1, 3).
 */
static void transform(const int8_t *from, int32_t row, int32_t depth, uint32_t *tiles) {
    for (int32_t c = 0; c < depth; c += QUAD, from += QUAD, tiles += 2 * TILES) {
        uint32_t even[ROWS][COLUMNS], odd[ROWS][COLUMNS];
        const int8_t *at = from;
        for (int32_t j = 0; j < COLUMNS; ++j, at += depth) {
            const uint32_t d0 = emg_load4(at), d1 = emg_load4(at + row);
            const uint32_t d2 = emg_load4(at + 2 * row), d3 = emg_load4(at + 3 * row);
            down(emg_even_bytes(d0), emg_even_bytes(d1), emg_even_bytes(d2), emg_even_bytes(d3), even, j);
            down(emg_odd_bytes(d0), emg_odd_bytes(d1), emg_odd_bytes(d2), emg_odd_bytes(d3), odd, j);
        }
        both_tiles(even, tiles, depth);
        both_tiles(odd, tiles + TILES, depth);
    }
}

void emg_conv_winograd_s8(const emg_conv_winograd_s8_t *layer, const int8_t *in, int8_t *out,
                          int8_t *scratch) {
    const int32_t depth = layer->in_channels, row = (layer->out_w + 2) * depth, steps = depth / 2;
    uint32_t *tiles = (uint32_t *)(void *)(scratch + ROWS * row);
    int32_t *sums = (int32_t *)(void *)(tiles + PLACES * TILES * steps);
    for (int32_t i = 0; i < layer->out_h; i += 2) {
        const int32_t y = layer->backward ? layer->out_h - 2 - i : i;
        copy_rows(layer, in, y, scratch);
        for (int32_t x = 0; x < layer->out_w; x += 2 * TILES) {
            int8_t *target = out + (y * layer->out_w + x) * layer->out_channels;
            const uint32_t *weights = (const uint32_t *)layer->weights;
            transform(scratch + x * depth, row, depth, tiles);
            for (int32_t c = 0; c < layer->out_channels; c += QUAD, weights += PLACES * QUAD * steps) {
                emg_winograd_gemm_s8(tiles, weights, sums, steps);
                emg_winograd_outputs_s8(sums, layer->constants + CONSTANTS * c, &layer->outputs, target + c);
            }
        }
    }
}
