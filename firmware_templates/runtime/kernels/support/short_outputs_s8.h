/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_SHORT_OUTPUTS_S8_H
#define EMG_KERNELS_SHORT_OUTPUTS_S8_H

#include "output_s8.h"

/* Outputs number `channel` to channel + 3 from their sums, side by side at out[channel]; the short form. */
void emg_short_outputs_s8(const emg_outputs_s8_t *outputs, int32_t channel, const int32_t sums[4],
                          int8_t *out);

#endif
