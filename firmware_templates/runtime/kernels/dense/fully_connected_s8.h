/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_FULLY_CONNECTED_S8_H
#define EMG_KERNELS_FULLY_CONNECTED_S8_H

#include <stdint.h>

#include "../support/channels.h"

typedef struct {
    const int8_t *weights; /* [units][depth] */
    emg_channels_t channels;
    int32_t rows; /* input vectors, one after the other */
    int32_t depth;
    int32_t units;
} emg_fully_connected_s8_t;

/* FULLY_CONNECTED, int8; `out` must not overlap `in`. */
void emg_fully_connected_s8(const emg_fully_connected_s8_t *layer, const int8_t *in, int8_t *out);

#endif
