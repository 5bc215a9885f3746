/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_DSP_DEPTHWISE_QUADS_S8_H
#define EMG_KERNELS_DSP_DEPTHWISE_QUADS_S8_H

#include <stdint.h>

#include "../depthwise_window.h"

typedef struct {
    int32_t next;      /* bytes from one output to the next */
    int32_t low, high; /* the fused activation's range */
    int32_t clamped;   /* 0 where int8's own limits are the range */
    uint32_t padding;  /* four zero points of the input */
} emg_depthwise_quads_t;

/* One output of each of 4 * count channels that lie side by side at `in`, for one pixel. Four are read before
 * they are written. Returns where the stream goes on.
 *
 * `stream`, for each four channels: biases, the taps run by run with four bytes each, multipliers, offsets
 * (2 * the output's zero point + 1) << shift, right shifts less one. */
const int32_t *emg_depthwise_quads_s8(const int8_t *in, const int32_t *stream,
                                      const emg_depthwise_run_t *runs, const emg_depthwise_run_t *end,
                                      const emg_depthwise_quads_t *how, int8_t *out, int32_t count);

#endif
