/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_DSP_FULLY_CONNECTED_DSP_S8_H
#define EMG_KERNELS_DSP_FULLY_CONNECTED_DSP_S8_H

#include <stdint.h>

#include "../../support/channels.h"

typedef struct {
    const int32_t *stream;   /* see dense_8_s8.h; units filled up to a multiple of eight */
    emg_channels_t channels; /* shift holds right shifts less 33, zero_point is twice that plus one */
    int32_t rows;            /* input vectors, one after the other */
    int32_t depth;
    int32_t steps;     /* pairs of inputs */
    int32_t run_steps; /* an even number; after so many, sums are set aside: they have 24 bits in the stream's
                          form */
    int32_t units;
} emg_fully_connected_dsp_s8_t;

/* FULLY_CONNECTED, int8, eight units at a time. `scratch` holds 4 bytes for each step of a run. */
void emg_fully_connected_dsp_s8(const emg_fully_connected_dsp_s8_t *layer, const int8_t *in, int8_t *out,
                                int8_t *scratch);

#endif
