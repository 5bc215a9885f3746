/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_SOFTMAX_S8_H
#define EMG_KERNELS_SOFTMAX_S8_H

#include <stdint.h>

typedef struct {
    const int32_t *exps; /* exp of 0, -1, -2, ... steps in Q0.31; what lies past its end is dropped */
    int32_t entries;
    int32_t rows, depth;
} emg_softmax_s8_t;

/* SOFTMAX over rows of `depth` values, int8; `out` may be `in`. */
void emg_softmax_s8(const emg_softmax_s8_t *layer, const int8_t *in, int8_t *out);

#endif
