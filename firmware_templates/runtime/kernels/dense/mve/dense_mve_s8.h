/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_MVE_DENSE_MVE_S8_H
#define EMG_KERNELS_MVE_DENSE_MVE_S8_H

#include <stdint.h>

typedef struct {
    int32_t zero_point; /* of the output */
    int32_t low, high;  /* the fused activation's range */
    int32_t depth;
    int32_t units;
} emg_dense_mve_s8_t;

/* The outputs of all units over one input vector.
 *
 * `stream` holds for each four units, filled up with units of zeros: for each block of 16 inputs 16
 * weights of each; then 4 biases, 4 multipliers, 4 shifts. Sums are rounded once: a shift s, from
 * -31 to -1, is applied to the high word of the product. */
void emg_dense_mve_s8(const int32_t *stream, const int8_t *in, int8_t *out, const emg_dense_mve_s8_t *shape);

#endif
