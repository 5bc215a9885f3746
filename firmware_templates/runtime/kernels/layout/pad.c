/* SPDX-License-Identifier: MIT */
#include "pad.h"

#include <string.h>

/* Which row of the input becomes the output's `row`, or -1 where it is padding. */
static int32_t source(const emg_pad_t *layer, int32_t row) {
    int32_t found = 0, scale = 1;
    for (int32_t axis = 2; axis >= 0; --axis) {
        const int32_t at = row % layer->out_shape[axis] - layer->before[axis];
        if (at < 0 || at >= layer->in_shape[axis]) {
            return -1;
        }
        found += at * scale;
        scale *= layer->in_shape[axis];
        row /= layer->out_shape[axis];
    }
    return found;
}

void emg_pad(const emg_pad_t *layer, const int8_t *in, int8_t *out) {
    const int32_t width = layer->out_shape[3], run = layer->in_shape[3], before = layer->before[3];
    const int32_t rows = layer->out_shape[0] * layer->out_shape[1] * layer->out_shape[2];
    for (int32_t row = rows - 1; row >= 0; --row) {
        const int32_t from = source(layer, row);
        int8_t *to = out + row * width;
        if (from < 0) {
            memset(to, layer->value, (uint32_t)width);
            continue;
        }
        /* The values first: the padding of this row may lie on them. */
        memmove(to + before, in + from * run, (uint32_t)run);
        memset(to, layer->value, (uint32_t)before);
        memset(to + before + run, layer->value, (uint32_t)(width - before - run));
    }
}
