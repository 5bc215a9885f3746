/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_MUL_S16_H
#define EMG_KERNELS_MUL_S16_H

#include <stdint.h>

#include "../support/broadcast.h"

typedef struct {
    emg_broadcast_t walk;
    int32_t multiplier, shift; /* zero points of int16 are 0 */
    int32_t low, high;
} emg_mul_s16_t;

/* MUL, int16; `out` may be an operand that does not repeat. */
void emg_mul_s16(const emg_mul_s16_t *layer, const int16_t *a, const int16_t *b, int16_t *out);

#endif
