/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_ADD_LINEAR_S8_H
#define EMG_KERNELS_ADD_LINEAR_S8_H

#include <stdint.h>

typedef struct {
    int32_t length;
    int32_t a_weight, b_weight, offset; /* of the output, times 2^22 */
    int32_t low, high;
} emg_add_linear_s8_t;

/* ADD, int8, as (a * a_weight + b * b_weight + offset) >> 22: the compiler has compared it with the
 * reference's arithmetic for all 65,536 pairs. `out` may be `a` or `b`. */
void emg_add_linear_s8(const emg_add_linear_s8_t *layer, const int8_t *a, const int8_t *b, int8_t *out);

#endif
