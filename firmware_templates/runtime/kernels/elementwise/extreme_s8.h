/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_EXTREME_S8_H
#define EMG_KERNELS_EXTREME_S8_H

#include <stdint.h>

#include "../support/broadcast.h"

typedef struct {
    emg_broadcast_t walk;
    int32_t largest; /* 1: of two values the larger one, 0: the smaller */
} emg_extreme_s8_t;

/* MAXIMUM and MINIMUM, int8; `out` may be an operand that does not repeat. */
void emg_extreme_s8(const emg_extreme_s8_t *layer, const int8_t *a, const int8_t *b, int8_t *out);

#endif
