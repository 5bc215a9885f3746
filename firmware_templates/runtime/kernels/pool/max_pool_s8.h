/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_MAX_POOL_S8_H
#define EMG_KERNELS_MAX_POOL_S8_H

#include <stdint.h>

#include "pool.h"

typedef emg_pool_t emg_max_pool_s8_t;

/* MAX_POOL_2D, int8, from the first pixel to the last, channel by channel within a pixel. */
void emg_max_pool_s8(const emg_max_pool_s8_t *layer, const int8_t *in, int8_t *out);

#endif
