/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_LOGISTIC_S16_H
#define EMG_KERNELS_LOGISTIC_S16_H

#include <stdint.h>

typedef struct {
    const uint16_t *table;     /* 256 points of the logistic function, 1/24 apart from 0, Q0.16 */
    int32_t multiplier, shift; /* from input steps to 1/512 of a table step */
    int32_t length;
} emg_logistic_s16_t;

/* LOGISTIC, int16; `out` may be `in`. */
void emg_logistic_s16(const emg_logistic_s16_t *layer, const int16_t *in, int16_t *out);

#endif
