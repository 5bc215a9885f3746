/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_QUANTIZE_S16_S8_H
#define EMG_KERNELS_QUANTIZE_S16_S8_H

#include <stdint.h>

typedef struct {
    int32_t multiplier, shift;
    int32_t zero_point; /* of the output */
    int32_t length;
} emg_quantize_s16_s8_t;

/* QUANTIZE from int16 to int8; `out` may begin where `in` does. */
void emg_quantize_s16_s8(const emg_quantize_s16_s8_t *layer, const int16_t *in, int8_t *out);

#endif
