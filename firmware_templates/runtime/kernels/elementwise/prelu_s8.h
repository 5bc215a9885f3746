/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_PRELU_S8_H
#define EMG_KERNELS_PRELU_S8_H

#include <stdint.h>

#include "../support/broadcast.h"

typedef struct {
    emg_broadcast_t walk; /* b are the slopes */
    int32_t in_zero_point, slope_zero_point, zero_point;
    int32_t multiplier, shift;                   /* from the input's zero point up */
    int32_t negative_multiplier, negative_shift; /* below it, of input * slope */
} emg_prelu_s8_t;

/* PRELU, int8 with int8 slopes; `out` may be `in`. */
void emg_prelu_s8(const emg_prelu_s8_t *layer, const int8_t *in, const int8_t *slopes, int8_t *out);

#endif
