/* SPDX-License-Identifier: MIT */
#include "fully_connected_dsp_s8.h"

#include <string.h>

#include "../../conv/dsp/widen.h"
#include "../../support/requantize.h"
#include "dense_8_s8.h"

enum { UNITS = 8 };

/* The sums of eight units, run by run; an input of several runs is widened again for each eight units. */
static const int32_t *sum_units(const emg_fully_connected_dsp_s8_t *layer, const int32_t *stream,
                                const int8_t *in, uint32_t *x, int32_t *sums) {
    if (layer->run_steps >= layer->steps) {
        return emg_dense_8_s8(stream, x, layer->steps, sums);
    }
    memset(sums, 0, UNITS * sizeof sums[0]);
    for (int32_t done = 0; done < layer->steps; done += layer->run_steps) {
        const int32_t left = layer->steps - done;
        const int32_t inputs = layer->depth - 2 * done;
        int32_t more[UNITS];
        (void)emg_widen(in + 2 * done, inputs < 2 * layer->run_steps ? inputs : 2 * layer->run_steps, x, 1);
        stream = emg_dense_8_s8(stream, x, left < layer->run_steps ? left : layer->run_steps, more);
        for (int32_t i = 0; i < UNITS; ++i) {
            sums[i] += more[i];
        }
    }
    return stream;
}

/* round(sum * multiplier / 2^(shift + 33)) + zero point: one bit more than needed, then the rounding. */
static void write_units(const emg_channels_t *ch, const int32_t *sums, int32_t first, int32_t count,
                        int8_t *out) {
    const int32_t *multiplier = ch->multiplier + first;
    const int8_t *shift = ch->shift + first;
    for (int32_t i = 0; i < count; ++i) {
        const int32_t high = (int32_t)(((int64_t)sums[i] * multiplier[i]) >> 32);
        out[i] = (int8_t)emg_shift_saturate8((high >> shift[i]) + ch->zero_point, 1);
    }
    if (ch->low != INT8_MIN || ch->high != INT8_MAX) {
        for (int32_t i = 0; i < count; ++i) {
            out[i] = (int8_t)emg_clamp(out[i], ch->low, ch->high);
        }
    }
}

void emg_fully_connected_dsp_s8(const emg_fully_connected_dsp_s8_t *layer, const int8_t *in, int8_t *out,
                                int8_t *scratch) {
    uint32_t *x = (uint32_t *)(void *)scratch;
    int32_t sums[UNITS];
    for (int32_t row = 0; row < layer->rows; ++row, in += layer->depth, out += layer->units) {
        const int32_t *stream = layer->stream;
        if (layer->run_steps >= layer->steps) {
            (void)emg_widen(in, layer->depth, x, 1);
        }
        for (int32_t first = 0; first < layer->units; first += UNITS) {
            const int32_t left = layer->units - first;
            stream = sum_units(layer, stream, in, x, sums);
            write_units(&layer->channels, sums, first, left < UNITS ? left : UNITS, out + first);
        }
    }
}
