/* SPDX-License-Identifier: MIT */
#include "lstm_s8.h"

#include <string.h>

#include "../support/dot_s8.h"
#include "../support/requantize.h"
#include "gates_s16.h"

enum { INPUT, FORGET, CELL, OUTPUT, GATES };
/* The gates' sums have three bits before the point. */
enum { GATE_BITS = 3 };

/* Adds one unit's four sums over a vector of length n. */
static void add_sums(const emg_gates_t *gates, const int8_t *x, int32_t n, int32_t unit,
                     int32_t gate[GATES]) {
    const int8_t *weights = gates->weights + unit * GATES * n;
    const int32_t *bias = gates->bias + unit * GATES;
    for (int32_t g = 0; g < GATES; g += 2, weights += 2 * n) {
        int32_t sums[2] = {bias[g], bias[g + 1]};
        emg_dot_s8(x, weights, n, 2, sums);
        for (int32_t i = g; i < g + 2; ++i) {
            const int32_t sum = gate[i] + emg_requantize(sums[i - g], gates->multiplier[i], gates->shift[i]);
            gate[i] = emg_clamp(sum, INT16_MIN, INT16_MAX);
        }
    }
}

/* The cell and the output of one unit, from its gates' sums. */
static int8_t next(const emg_lstm_s8_t *layer, const int32_t gate[GATES], int16_t *cell) {
    const int32_t kept = emg_rounding_shift(emg_sigmoid_s16(gate[FORGET]) * *cell, 15);
    const int32_t candidate = emg_tanh_s16(gate[CELL], GATE_BITS);
    const int32_t taken = emg_rounding_shift(emg_sigmoid_s16(gate[INPUT]) * candidate, layer->cell_shift);
    *cell = (int16_t)emg_clamp(kept + taken, layer->lowest, layer->highest);
    const int32_t product = emg_sigmoid_s16(gate[OUTPUT]) * emg_tanh_s16(*cell, layer->cell_bits);
    const int32_t q = emg_requantize(product, layer->multiplier, layer->shift) + layer->zero_point;
    return (int8_t)emg_clamp(q, INT8_MIN, INT8_MAX);
}

/* `last` is the output of the step before, or NULL. */
static void one_step(const emg_lstm_s8_t *layer, const int8_t *in, const int8_t *last, int8_t *out,
                     int16_t *cell) {
    for (int32_t unit = 0; unit < layer->units; ++unit) {
        int32_t gate[GATES] = {0};
        add_sums(&layer->input, in, layer->depth, unit, gate);
        if (last) {
            add_sums(&layer->state, last, layer->units, unit, gate);
        }
        out[unit] = next(layer, gate, &cell[unit]);
    }
}

void emg_lstm_s8(const emg_lstm_s8_t *layer, const int8_t *in, int8_t *out, int16_t *cell) {
    for (int32_t b = 0; b < layer->batch; ++b) {
        const int8_t *last = NULL;
        memset(cell, 0, (size_t)layer->units * sizeof(*cell));
        for (int32_t t = 0; t < layer->steps; ++t) {
            const int32_t vector = b * layer->batch_stride + t * layer->step_stride;
            int8_t *now = out + vector * layer->units;
            one_step(layer, in + vector * layer->depth, last, now, cell);
            last = now;
        }
    }
}
