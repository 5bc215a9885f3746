/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_LOOKUP_S8_H
#define EMG_KERNELS_LOOKUP_S8_H

#include <stdint.h>

typedef struct {
    const int8_t *table; /* 256 outputs, for inputs from -128 to 127 */
    int32_t length;
} emg_lookup_s8_t;

/* Any int8 operator whose outputs each depend on one input; `out` may be `in`. */
void emg_lookup_s8(const emg_lookup_s8_t *layer, const int8_t *in, int8_t *out);

#endif
