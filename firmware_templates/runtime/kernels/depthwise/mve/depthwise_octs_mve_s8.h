/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_MVE_DEPTHWISE_OCTS_MVE_S8_H
#define EMG_KERNELS_MVE_DEPTHWISE_OCTS_MVE_S8_H

#include <stdint.h>

#include "../depthwise_window.h"

typedef struct {
    int32_t next; /* bytes from one output to the next */
    int32_t zero_point;
    int32_t low, high; /* the fused activation's range */
    int8_t padding[8]; /* zero points of the input */
} emg_depthwise_octs_t;

/* One output of each of `count` channels that lie side by side at `in`, for one pixel, eight at a time. Eight
 * are read before they are written. Returns where the stream goes on.
 *
 * `stream`, for each eight channels: biases, the taps run by run with eight bytes each, multipliers, shifts;
 * of the words those of channels 0, 2, 4, 6 stand before those of 1, 3, 5, 7. */
const int32_t *emg_depthwise_octs_mve_s8(const int8_t *in, const int32_t *stream,
                                         const emg_depthwise_run_t *runs, const emg_depthwise_run_t *end,
                                         const emg_depthwise_octs_t *how, int8_t *out, int32_t count);

#endif
