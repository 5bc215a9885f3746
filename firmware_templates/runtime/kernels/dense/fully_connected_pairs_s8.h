/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_FULLY_CONNECTED_PAIRS_S8_H
#define EMG_KERNELS_FULLY_CONNECTED_PAIRS_S8_H

#include <stdint.h>

#include "../support/channels.h"

typedef struct {
    const int32_t
        *stream; /* for each eight units as emg_dense_chunks_s8 takes it; what is missing is zeros */
    emg_channels_t channels;
    int32_t rows, depth, units;
} emg_fully_connected_pairs_s8_t;

/* FULLY_CONNECTED, int8, two units in one multiplication of 32 bits. */
void emg_fully_connected_pairs_s8(const emg_fully_connected_pairs_s8_t *layer, const int8_t *in, int8_t *out);

#endif
