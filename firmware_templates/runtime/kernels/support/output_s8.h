/* SPDX-License-Identifier: MIT */
/* From sums to outputs of convolutions. */
#ifndef EMG_KERNELS_OUTPUT_S8_H
#define EMG_KERNELS_OUTPUT_S8_H

#include <stdint.h>

#include "channels.h"
#include "requantize.h"

/* emg_channels_t in registers: a byte that is written might change what stands in memory, for all that a
 * compiler knows. short_form: shifts are right shifts less one, and the zero point is doubled plus one. */
typedef struct {
    const int32_t *multiplier;
    const int8_t *shift;
    int32_t zero_point, low, high, short_form;
} emg_outputs_s8_t;

static inline emg_outputs_s8_t emg_outputs_s8(const emg_channels_t *channels, int32_t short_form) {
    const emg_outputs_s8_t outputs = {channels->multiplier, channels->shift, channels->zero_point,
                                      channels->low,        channels->high,  short_form};
    return outputs;
}

static inline int8_t emg_output_s8(const emg_outputs_s8_t *outputs, int32_t channel, int32_t sum) {
    const int32_t multiplier = outputs->multiplier[channel], shift = outputs->shift[channel];
    int32_t q;
    if (outputs->short_form) {
        const int32_t scaled = emg_high_round(2 * sum, multiplier) - (sum < 0 ? 1 : 0);
        q = (scaled + (int32_t)((uint32_t)outputs->zero_point << shift)) >> shift >> 1;
    } else {
        q = emg_requantize(sum, multiplier, shift) + outputs->zero_point;
    }
    return (int8_t)emg_clamp(q, outputs->low, outputs->high);
}

#endif
