/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_ADD_S8_H
#define EMG_KERNELS_ADD_S8_H

#include <stdint.h>

typedef struct {
    int32_t length;
    int32_t a_zero_point, a_multiplier, a_shift;
    int32_t b_zero_point, b_multiplier, b_shift;
    int32_t zero_point, multiplier, shift; /* of the output */
    int32_t low, high;
} emg_add_s8_t;

/* ADD, int8, operands of one shape; `out` may be `a` or `b`. */
void emg_add_s8(const emg_add_s8_t *layer, const int8_t *a, const int8_t *b, int8_t *out);

#endif
