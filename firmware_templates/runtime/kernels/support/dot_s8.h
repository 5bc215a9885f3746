/* SPDX-License-Identifier: MIT */
/* Dot products of int8 vectors, two weight vectors for each load of the input. */
#ifndef EMG_KERNELS_DOT_S8_H
#define EMG_KERNELS_DOT_S8_H

#include <stdint.h>

/* Adds to sums[0] and sums[1] the products of `x` with the vectors of length n at `weights` and right behind;
 * only the first where `vectors` is 1. */
static inline void emg_dot_s8(const int8_t *x, const int8_t *weights, int32_t n, int32_t vectors,
                              int32_t sums[2]) {
    int32_t first = sums[0], second = sums[1];
    const int8_t *others = weights + (vectors == 2 ? n : 0);
    int32_t k = 0;
    for (; k + 2 <= n; k += 2) {
        const int32_t a = x[k], b = x[k + 1];
        first += a * weights[k];
        second += a * others[k];
        first += b * weights[k + 1];
        second += b * others[k + 1];
    }
    if (k < n) {
        first += x[k] * weights[k];
        second += x[k] * others[k];
    }
    sums[0] = first;
    sums[1] = second;
}

#endif
