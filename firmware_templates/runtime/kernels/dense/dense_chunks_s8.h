/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_DENSE_CHUNKS_S8_H
#define EMG_KERNELS_DENSE_CHUNKS_S8_H

#include <stdint.h>

/* Adds to `sums` the products of `x` with the weights of eight units, two units in one multiplication.
 * Returns where the stream goes on.
 *
 * `stream`: chunks of inputs so short that no unit's sum leaves 16 bits: their number, for each of them four
 * words, w + 65536 * the next unit's w; then a 0. */
const int32_t *emg_dense_chunks_s8(const int8_t *x, const int32_t *stream, int32_t sums[8]);

#endif
