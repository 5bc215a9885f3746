/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_TANH_S16_H
#define EMG_KERNELS_TANH_S16_H

#include <stdint.h>

typedef struct {
    const uint16_t *table;     /* 256 points of the logistic function, 1/24 apart from 0, Q0.16 */
    int32_t multiplier, shift; /* from input steps to 1/256 of a table step of twice the input */
    int32_t length;
} emg_tanh_s16_t;

/* TANH, int16; `out` may be `in`. */
void emg_tanh_s16(const emg_tanh_s16_t *layer, const int16_t *in, int16_t *out);

#endif
