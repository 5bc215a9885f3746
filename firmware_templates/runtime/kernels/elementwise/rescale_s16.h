/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_RESCALE_S16_H
#define EMG_KERNELS_RESCALE_S16_H

#include <stdint.h>

typedef struct {
    int32_t multiplier, shift;                   /* from 0 up */
    int32_t negative_multiplier, negative_shift; /* below */
    int32_t negative_sign;                       /* 1, or -1 where the slope there is negative */
    int32_t low, high;
    int32_t length;
} emg_rescale_s16_t;

/* RELU, RELU6, LEAKY_RELU and QUANTIZE from int16 to int16; `out` may be `in`. */
void emg_rescale_s16(const emg_rescale_s16_t *layer, const int16_t *in, int16_t *out);

#endif
