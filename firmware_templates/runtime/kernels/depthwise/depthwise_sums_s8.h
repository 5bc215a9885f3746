/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_DEPTHWISE_SUMS_S8_H
#define EMG_KERNELS_DEPTHWISE_SUMS_S8_H

#include <stdint.h>

#include "depthwise_window.h"

/* Four channels' taps and what is seen under them. */
typedef struct {
    const int8_t *in;      /* the first of them */
    const int8_t *weights; /* of the first tap */
    int32_t next;          /* bytes from one tap's weights to the next's */
    const int8_t *padding; /* four zero points */
} emg_depthwise_four_t;

/* Adds to `sums` four channels' products, run by run. */
void emg_depthwise_sums_s8(const emg_depthwise_four_t *four, const emg_depthwise_run_t *run,
                           const emg_depthwise_run_t *end, int32_t sums[4]);

#endif
