/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_PRELU_S16_H
#define EMG_KERNELS_PRELU_S16_H

#include <stdint.h>

#include "../support/broadcast.h"

typedef struct {
    emg_broadcast_t walk; /* b are the slopes */
    int32_t in_zero_point, slope_zero_point, zero_point;
    int32_t multiplier, shift;                   /* from the input's zero point up */
    int32_t negative_multiplier, negative_shift; /* below it, of input * slope */
} emg_prelu_s16_t;

/* PRELU, int16 with int8 slopes; `out` may be `in`. */
void emg_prelu_s16(const emg_prelu_s16_t *layer, const int16_t *in, const int8_t *slopes, int16_t *out);

#endif
