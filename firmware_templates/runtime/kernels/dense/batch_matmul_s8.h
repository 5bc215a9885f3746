/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_BATCH_MATMUL_S8_H
#define EMG_KERNELS_BATCH_MATMUL_S8_H

#include <stdint.h>

typedef struct {
    int32_t batch[3], a_stride[3],
        b_stride[3]; /* matrices, and how far apart they lie; 0 where one repeats */
    /* Rows of `a` and columns of `b`: how many, from one to the next, and to the next of the `depth` factors.
     */
    int32_t a_count, a_step, a_depth_step, a_out_step, a_zero_point;
    int32_t b_count, b_step, b_depth_step, b_out_step, b_zero_point;
    int32_t depth;
    int32_t zero_point, multiplier, shift; /* of the output */
} emg_batch_matmul_s8_t;

/* BATCH_MATMUL, int8; `out` must not overlap an operand. */
void emg_batch_matmul_s8(const emg_batch_matmul_s8_t *layer, const int8_t *a, const int8_t *b, int8_t *out);

#endif
