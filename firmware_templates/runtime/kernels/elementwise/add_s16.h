/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_ADD_S16_H
#define EMG_KERNELS_ADD_S16_H

#include <stdint.h>

#include "../support/broadcast.h"

typedef struct {
    emg_broadcast_t walk;
    int32_t a_multiplier, a_shift, a_sign; /* zero points of int16 are 0; the sign is 1 or -1 */
    int32_t b_multiplier, b_shift, b_sign;
    int32_t multiplier, shift; /* of the output */
    int32_t low, high;
} emg_add_s16_t;

/* ADD and SUB, int16; `out` may be an operand that does not repeat. */
void emg_add_s16(const emg_add_s16_t *layer, const int16_t *a, const int16_t *b, int16_t *out);

#endif
