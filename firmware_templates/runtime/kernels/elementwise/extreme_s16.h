/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_EXTREME_S16_H
#define EMG_KERNELS_EXTREME_S16_H

#include <stdint.h>

#include "../support/broadcast.h"

typedef struct {
    emg_broadcast_t walk;
    int32_t largest; /* 1: of two values the larger one, 0: the smaller */
} emg_extreme_s16_t;

/* MAXIMUM and MINIMUM, int16; `out` may be an operand that does not repeat. */
void emg_extreme_s16(const emg_extreme_s16_t *layer, const int16_t *a, const int16_t *b, int16_t *out);

#endif
