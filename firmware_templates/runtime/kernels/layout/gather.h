/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_GATHER_H
#define EMG_KERNELS_GATHER_H

#include <stdint.h>

typedef struct {
    const int32_t *places; /* where each part begins in a row, in bytes */
    int32_t count;
    int32_t rows;
    int32_t row;  /* bytes of a row of the input */
    int32_t unit; /* bytes of a part */
} emg_gather_t;

/* GATHER of any element type, at places known from the file; `out` must not overlap `in`. */
void emg_gather(const emg_gather_t *layer, const int8_t *in, int8_t *out);

#endif
