/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_MUL_S8_H
#define EMG_KERNELS_MUL_S8_H

#include <stdint.h>

#include "../support/broadcast.h"

typedef struct {
    emg_broadcast_t walk;
    int32_t a_zero_point, b_zero_point;
    int32_t zero_point, multiplier, shift; /* of the output */
    int32_t low, high;
} emg_mul_s8_t;

/* MUL, int8; `out` may be an operand that does not repeat. */
void emg_mul_s8(const emg_mul_s8_t *layer, const int8_t *a, const int8_t *b, int8_t *out);

#endif
