/* SPDX-License-Identifier: MIT */
#include "depthwise_mve_s8.h"

#include <string.h>

#include "../../support/mve/mve.h"

enum { CHANNELS = 8, QUAD = 4, ROWS = 3, COLUMN = 4, CONSTANTS = 3 * QUAD };

/* [place of the window's first row][byte of the window] -> weight; 3 is a weight of zero. */
static const uint8_t g_order[ROWS][EMG_VECTOR] = {{0, 1, 2, 3, 4, 5, 6, 3, 8, 9, 10, 3, 3, 3, 3, 3},
                                                  {2, 0, 1, 3, 6, 4, 5, 3, 10, 8, 9, 3, 3, 3, 3, 3},
                                                  {1, 2, 0, 3, 5, 6, 4, 3, 9, 10, 8, 3, 3, 3, 3, 3}};

/* Up to eight channels and their planes in the scratch memory. */
typedef struct {
    int32_t first, count;
    int8_t *planes;
    uint16_t offset[CHANNELS]; /* of each channel's plane */
    int8_t padding[CHANNELS];  /* a column of zero points */
} group_t;

static void fill(int8_t *to, int32_t length, int8_t value) {
#if EMG_MVE_ASM
    __asm__ volatile("vdup.8 q0, %[value]\n\t"
                     "wlstp.8 lr, %[length], 2f\n"
                     "1:\n\t"
                     "vstrb.8 q0, [%[to]], #16\n\t"
                     "letp lr, 1b\n"
                     "2:"
                     : [to] "+r"(to)
                     : [value] "r"(value), [length] "r"(length)
                     : "lr", "q0", "memory");
#else
    memset(to, value, (size_t)length);
#endif
}

/* One row, `next` bytes from column to column, to every fourth byte of the planes. */
static void load_row(const group_t *group, const int8_t *from, int32_t columns, int32_t next, int8_t *to) {
#if EMG_MVE_ASM
    __asm__ volatile(
        "vldrh.u16 q1, [%[offset]]\n\t"
        "vctp.16 %[count]\n\t"
        "dls lr, %[columns]\n"
        "1:\n\t"
        "vpstt\n\t"
        "vldrbt.u16 q0, [%[from]]\n\t"
        "vstrbt.16 q0, [%[to], q1]\n\t"
        "add %[from], %[from], %[next]\n\t"
        "add %[to], %[to], #4\n\t"
        "le lr, 1b"
        : [from] "+r"(from), [to] "+r"(to)
        : [count] "r"(group->count), [offset] "r"(group->offset), [columns] "r"(columns), [next] "r"(next)
        : "lr", "q0", "q1", "memory");
#else
    for (int32_t x = 0; x < columns; ++x, from += next, to += COLUMN) {
        for (int32_t c = 0; c < group->count; ++c) {
            to[group->offset[c]] = from[c];
        }
    }
#endif
}

/* Row `number` of the padded image to its place among three; those above the image are there already. */
static void advance(const emg_depthwise_mve_s8_t *layer, const group_t *group, const int8_t *in,
                    int32_t number) {
    const int32_t y = number - layer->pad_top;
    int8_t *to = group->planes + number % ROWS + layer->pad_left * COLUMN;
    if (y >= layer->in_h) {
        load_row(group, group->padding, layer->in_w, 0, to);
    } else if (y >= 0) {
        load_row(group, in + y * layer->in_w * layer->channels + group->first, layer->in_w, layer->channels,
                 to);
    }
}

static void one_line(const emg_depthwise_mve_s8_t *layer, int32_t channel, const int8_t *planes,
                     const uint8_t *order, int8_t *out) {
    const int8_t *weights = layer->weights + channel * EMG_VECTOR;
    const int32_t *constants = layer->constants + channel / QUAD * CONSTANTS;
    if (layer->stride_w == 1 && layer->rectified) {
        emg_depthwise_line_rectified_mve_s8(weights, constants, planes, out, order, &layer->line);
    } else if (layer->stride_w == 1) {
        emg_depthwise_line_mve_s8(weights, constants, planes, out, order, &layer->line);
    } else if (layer->rectified) {
        emg_depthwise_line_2_rectified_mve_s8(weights, constants, planes, out, order, &layer->line);
    } else {
        emg_depthwise_line_2_mve_s8(weights, constants, planes, out, order, &layer->line);
    }
}

static void one_group(const emg_depthwise_mve_s8_t *layer, const group_t *group, const int8_t *in,
                      int8_t *out) {
    const int32_t line_bytes = layer->line.outputs * layer->channels;
    int32_t loaded = 0;
    fill(group->planes, CHANNELS * layer->line.plane, layer->in_zero_point);
    for (int32_t y = 0; y < layer->out_h; ++y, out += line_bytes) {
        const int32_t top = y * layer->stride_h;
        for (; loaded < top + ROWS; ++loaded) {
            advance(layer, group, in, loaded);
        }
        for (int32_t c = 0; c < group->count; c += QUAD) {
            one_line(layer, group->first + c, group->planes + c * layer->line.plane, g_order[top % ROWS],
                     out + group->first + c);
        }
    }
}

void emg_depthwise_mve_s8(const emg_depthwise_mve_s8_t *layer, const int8_t *in, int8_t *out,
                          int8_t *scratch) {
    group_t group;
    group.planes = scratch;
    for (int32_t c = 0; c < CHANNELS; ++c) {
        group.offset[c] = (uint16_t)(c * layer->line.plane);
        group.padding[c] = layer->in_zero_point;
    }
    for (group.first = 0; group.first < layer->channels; group.first += CHANNELS) {
        const int32_t left = layer->channels - group.first;
        group.count = left < CHANNELS ? left : CHANNELS;
        one_group(layer, &group, in, out);
    }
}
