/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_DSP_WIDEN_RGB_S8_H
#define EMG_KERNELS_DSP_WIDEN_RGB_S8_H

#include "widen_pairs_s8.h"

/* As emg_widen_pairs_s8 for three rows of nine bytes; `rest` is left alone. */
void emg_widen_rgb_s8(const int8_t *from, int32_t pairs, uint32_t *to, const emg_widen_pairs_t *how,
                      int8_t *rest);

#endif
