/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_MAX_POOL_S16_H
#define EMG_KERNELS_MAX_POOL_S16_H

#include <stdint.h>

#include "pool.h"

typedef emg_pool_t emg_max_pool_s16_t;

/* MAX_POOL_2D, int16, from the first pixel to the last, channel by channel within a pixel. */
void emg_max_pool_s16(const emg_max_pool_s16_t *layer, const int16_t *in, int16_t *out);

#endif
