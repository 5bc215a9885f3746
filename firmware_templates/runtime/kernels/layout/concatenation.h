/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_CONCATENATION_H
#define EMG_KERNELS_CONCATENATION_H

#include <stdint.h>

typedef struct {
    const int32_t *run; /* bytes that each operand adds to a row */
    int32_t operands;
    int32_t rows;
} emg_concatenation_t;

/* CONCATENATION of any element type. An operand may lie in `out` where the rows before its own
 * never reach it. */
void emg_concatenation(const emg_concatenation_t *layer, const int8_t *const *in, int8_t *out);

#endif
