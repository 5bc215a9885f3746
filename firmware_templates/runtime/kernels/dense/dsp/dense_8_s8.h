/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_DSP_DENSE_8_S8_H
#define EMG_KERNELS_DSP_DENSE_8_S8_H

#include <stdint.h>

/* The sums of eight units over one input vector.
 *
 * `stream` holds the starting values B and C of four pairs of units, then for each step (two
 * inputs) one word a pair, as in gemm_4ch_s8.h; `x` one word of inputs a step. Returns the place
 * in the stream behind what was read. */
const int32_t *emg_dense_8_s8(const int32_t *stream, const uint32_t *x, int32_t steps, int32_t *sums);

#endif
