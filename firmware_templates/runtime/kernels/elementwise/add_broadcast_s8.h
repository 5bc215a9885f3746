/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_ADD_BROADCAST_S8_H
#define EMG_KERNELS_ADD_BROADCAST_S8_H

#include <stdint.h>

#include "../support/broadcast.h"

typedef struct {
    emg_broadcast_t walk;
    int32_t a_zero_point, a_multiplier, a_shift, a_sign; /* 1, or -1 for what is subtracted */
    int32_t b_zero_point, b_multiplier, b_shift, b_sign;
    int32_t zero_point, multiplier, shift; /* of the output */
    int32_t low, high;
} emg_add_broadcast_s8_t;

/* ADD and SUB, int8; an operand may repeat, and `out` may be one that does not. */
void emg_add_broadcast_s8(const emg_add_broadcast_s8_t *layer, const int8_t *a, const int8_t *b, int8_t *out);

#endif
