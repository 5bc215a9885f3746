/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_SQUARED_DIFFERENCE_S8_H
#define EMG_KERNELS_SQUARED_DIFFERENCE_S8_H

#include <stdint.h>

#include "../support/broadcast.h"

typedef struct {
    emg_broadcast_t walk;
    int32_t a_zero_point, a_multiplier, a_shift;
    int32_t b_zero_point, b_multiplier, b_shift;
    int32_t zero_point, multiplier, shift; /* of the output */
} emg_squared_difference_s8_t;

/* SQUARED_DIFFERENCE, int8; an operand may repeat, and `out` may be one that does not. */
void emg_squared_difference_s8(const emg_squared_difference_s8_t *layer, const int8_t *a, const int8_t *b,
                               int8_t *out);

#endif
