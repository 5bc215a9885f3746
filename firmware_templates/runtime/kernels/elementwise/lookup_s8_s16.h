/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_LOOKUP_S8_S16_H
#define EMG_KERNELS_LOOKUP_S8_S16_H

#include <stdint.h>

typedef struct {
    const int16_t *table; /* 256 outputs, for inputs from -128 to 127 */
    int32_t length;
} emg_lookup_s8_s16_t;

/* An operator from int8 to int16 whose outputs each depend on one input. It goes from the last
 * element to the first, so that `out` may begin where `in` does. */
void emg_lookup_s8_s16(const emg_lookup_s8_s16_t *layer, const int8_t *in, int16_t *out);

#endif
