/* SPDX-License-Identifier: MIT */
#include "softmax_s8.h"

#include "../support/requantize.h"

/* The sum of exponentials is Q12.19. */
enum { SUM_INTEGER_BITS = 12 };

/* x * 2^bits, saturated. */
static int32_t shifted_left(int32_t x, int32_t bits) {
    const int32_t largest = (1 << (31 - bits)) - 1;
    if (x > largest) {
        return INT32_MAX;
    }
    return x < -largest ? INT32_MIN : (int32_t)((uint32_t)x << bits);
}

/* 1 / (1 + x) for x in [0, 1), Q0.31: three steps of Newton's division from 48/17 - 32/17 d. */
static int32_t reciprocal_of_one_plus(int32_t x) {
    const int32_t half_sum = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2); /* (1 + x) / 2 */
    int32_t estimate = 1515870810 + emg_high_mul(half_sum, -1010580540);  /* Q2.29 */
    for (int32_t i = 0; i < 3; ++i) {
        const int32_t error = (1 << 29) - emg_high_mul(half_sum, estimate);
        estimate += shifted_left(emg_high_mul(estimate, error), 2);
    }
    return shifted_left(estimate, 1);
}

static int32_t exp_of(const emg_softmax_s8_t *layer, int32_t steps_below) {
    return steps_below < layer->entries ? layer->exps[steps_below] : -1;
}

static int32_t largest(const int8_t *in, int32_t depth) {
    int32_t found = in[0];
    for (int32_t i = 1; i < depth; ++i) {
        found = in[i] > found ? in[i] : found;
    }
    return found;
}

static void one_row(const emg_softmax_s8_t *layer, const int8_t *in, int8_t *out) {
    const int32_t top = largest(in, layer->depth);
    uint32_t sum = 0;
    for (int32_t i = 0; i < layer->depth; ++i) {
        const int32_t e = exp_of(layer, top - in[i]);
        sum += e < 0 ? 0u : (uint32_t)emg_rounding_shift(e, SUM_INTEGER_BITS);
    }
    int32_t headroom = 0;
    while (!(sum & 0x80000000u)) {
        sum <<= 1;
        ++headroom;
    }
    const int32_t scale = reciprocal_of_one_plus((int32_t)(sum - 0x80000000u));
    const int32_t shift = SUM_INTEGER_BITS - headroom + 31 - 8;
    for (int32_t i = 0; i < layer->depth; ++i) {
        const int32_t e = exp_of(layer, top - in[i]);
        const int32_t q = e < 0 ? 0 : emg_rounding_shift(emg_high_mul(scale, e), shift);
        out[i] = (int8_t)emg_clamp(q + INT8_MIN, INT8_MIN, INT8_MAX);
    }
}

void emg_softmax_s8(const emg_softmax_s8_t *layer, const int8_t *in, int8_t *out) {
    for (int32_t row = 0; row < layer->rows; ++row) {
        one_row(layer, in, out);
        in += layer->depth;
        out += layer->depth;
    }
}
