/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_GATES_S16_H
#define EMG_KERNELS_GATES_S16_H

#include <stdint.h>

/* Sigmoid and tanh as TFLite's LSTM computes them: fixed point of 16 bits, by series and Newton's division.
 */

/* `x` has 3 bits before the point; the result has none. */
int32_t emg_sigmoid_s16(int32_t x);

/* `x` has `bits` before the point, 0 to 6; the result has none. */
int32_t emg_tanh_s16(int32_t x, int32_t bits);

#endif
