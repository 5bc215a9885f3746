/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_MVE_ADD_LINEAR_MVE_S8_H
#define EMG_KERNELS_MVE_ADD_LINEAR_MVE_S8_H

#include "../add_linear_s8.h"

typedef emg_add_linear_s8_t emg_add_linear_mve_s8_t;

/* ADD, int8, as add_linear_s8.h has it, for outputs over all of int8's range. `out` may be `a` or `b`. */
void emg_add_linear_mve_s8(const emg_add_linear_mve_s8_t *layer, const int8_t *a, const int8_t *b,
                           int8_t *out);

#endif
