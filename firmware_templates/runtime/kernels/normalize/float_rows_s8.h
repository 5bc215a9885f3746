/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_FLOAT_ROWS_S8_H
#define EMG_KERNELS_FLOAT_ROWS_S8_H

#include <stdint.h>

/* Axes that tell rows apart, and axes along a row; strides in elements of the input, whose places the output
 * has. */
typedef struct {
    int32_t kept[3], kept_stride[3];
    int32_t reduced[3], reduced_stride[3];
    float in_scale;
    int32_t in_zero_point;
    float scale;        /* of the output */
    int32_t zero_point; /* of the output */
    /* Constants: for each the place in the scratch, the offset in `numbers`, strides along kept axes, sizes
     * and strides along the row. The first `once` are the same in every row. */
    const int32_t *loads;
    int32_t load_count, once;
    const float *numbers;
    /* Steps: operator, activation, place of the result, how many elements, place and step of both operands.
     */
    const int32_t *steps;
    int32_t step_count;
    int32_t result; /* the place of what is written */
} emg_float_rows_s8_t;

/* What lies between DEQUANTIZE and QUANTIZE in float32, one row at a time; `out` must not overlap `in`.
 * The row's input is at the scratch's first place. Each step writes its results to memory before the next
 * reads them, so that no compiler joins a product and a sum into one rounding. */
void emg_float_rows_s8(const emg_float_rows_s8_t *layer, const int8_t *in, int8_t *out, float *scratch);

#endif
