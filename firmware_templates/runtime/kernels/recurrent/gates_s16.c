/* SPDX-License-Identifier: MIT */
#include "gates_s16.h"

#include "../support/requantize.h"

/* Powers of e, Q0.15: of -1/4, -1/2, -1, -2, -4, -8, -16. */
static const int16_t powers[7] = {25520, 19875, 12055, 4435, 600, 11, 0};

/* round(a * b / 2^15), ties toward plus infinity. */
static int32_t product(int32_t a, int32_t b) {
    return (a * b + (1 << 14)) >> 15;
}

/* x * 2^bits, saturated. */
static int32_t shifted(int32_t x, int32_t bits) {
    return emg_clamp(x * (1 << bits), INT16_MIN, INT16_MAX);
}

/* exp of a number in [-1/4, 0), Q0.15, around -1/8. */
static int32_t exp_near_zero(int32_t a) {
    const int32_t exp_eighth = 28918, third = 10923;
    const int32_t x = a + (1 << 12);
    const int32_t x2 = product(x, x), x3 = product(x2, x), x4 = product(x2, x2);
    const int32_t rest = emg_rounding_shift(product(emg_rounding_shift(x4, 2) + x3, third) + x2, 1);
    return emg_clamp(exp_eighth + product(exp_eighth, x + rest), INT16_MIN, INT16_MAX);
}

/* exp of a number that is at most 0, with `bits` before the point. */
static int32_t exp_of_negative(int32_t a, int32_t bits) {
    if (a == 0) {
        return INT16_MAX;
    }
    const int32_t fraction = 15 - bits, quarter = 1 << (fraction - 2);
    if (bits > 5 && a < -(1 << (fraction + 5))) {
        return 0;
    }
    const int32_t near = (a & (quarter - 1)) - quarter;
    const int32_t rest = near - a;
    int32_t result = exp_near_zero(shifted(near, bits));
    for (int32_t i = 0; i < 7 && i - 2 < bits; ++i) {
        if (rest & (quarter << i)) {
            result = product(result, powers[i]);
        }
    }
    return result;
}

/* 1 / (1 + x) for x in [0, 1), Q2.13: three steps of Newton's division from 48/17 - 32/17 d. */
static int32_t reciprocal_of_one_plus(int32_t x) {
    const int32_t half_sum = (x + INT16_MAX + 1) >> 1;
    int32_t estimate = 23130 + product(half_sum, -15420);
    for (int32_t i = 0; i < 3; ++i) {
        const int32_t error = (1 << 13) - product(half_sum, estimate);
        estimate += shifted(product(estimate, error), 2);
    }
    return estimate;
}

/* The lowest number has no opposite and stands for itself. */
static int32_t not_above_zero(int32_t x) {
    return x > 0 ? -x : x;
}

int32_t emg_sigmoid_s16(int32_t x) {
    if (x == 0) {
        return 1 << 14;
    }
    const int32_t above = shifted(reciprocal_of_one_plus(exp_of_negative(not_above_zero(x), 3)), 1);
    return x > 0 ? above : INT16_MAX - above;
}

int32_t emg_tanh_s16(int32_t x, int32_t bits) {
    if (x == 0) {
        return 0;
    }
    /* tanh |x| = 2 / (1 + exp(-2 |x|)) - 1: one bit more before the point doubles the number. */
    const int32_t above =
        shifted(reciprocal_of_one_plus(exp_of_negative(not_above_zero(x), bits + 1)) - (1 << 13), 2);
    return x > 0 ? above : -above;
}
