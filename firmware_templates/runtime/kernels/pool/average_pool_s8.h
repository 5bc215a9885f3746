/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_AVERAGE_POOL_S8_H
#define EMG_KERNELS_AVERAGE_POOL_S8_H

#include <stdint.h>

#include "pool.h"

typedef emg_pool_t emg_average_pool_s8_t;

/* AVERAGE_POOL_2D, int8, over the part of each window that lies inside the image; from the first
 * pixel to the last, channel by channel within a pixel. */
void emg_average_pool_s8(const emg_average_pool_s8_t *layer, const int8_t *in, int8_t *out);

#endif
