/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_MVE_FULLY_CONNECTED_MVE_S8_H
#define EMG_KERNELS_MVE_FULLY_CONNECTED_MVE_S8_H

#include <stdint.h>

#include "dense_mve_s8.h"

typedef struct {
    const int32_t *stream; /* see dense_mve_s8.h */
    emg_dense_mve_s8_t dense;
    int32_t rows; /* input vectors, one after the other */
} emg_fully_connected_mve_s8_t;

/* FULLY_CONNECTED, int8; `out` must not overlap `in`. */
void emg_fully_connected_mve_s8(const emg_fully_connected_mve_s8_t *layer, const int8_t *in, int8_t *out);

#endif
