/* SPDX-License-Identifier: MIT */
/* What every layer with weights has for each output channel. */
#ifndef EMG_KERNELS_CHANNELS_H
#define EMG_KERNELS_CHANNELS_H

#include <stdint.h>

typedef struct {
    const int32_t *bias; /* the input's zero point is folded in: bias - zero_point * sum(weights) */
    const int32_t *multiplier;
    const int8_t *shift;
    int32_t zero_point; /* of the output */
    int32_t low;        /* the fused activation's range */
    int32_t high;
} emg_channels_t;

#endif
