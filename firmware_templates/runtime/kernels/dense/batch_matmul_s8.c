/* SPDX-License-Identifier: MIT */
#include "batch_matmul_s8.h"

#include "../support/requantize.h"

static int32_t product(const emg_batch_matmul_s8_t *layer, const int8_t *a, const int8_t *b) {
    int32_t sum = 0;
    for (int32_t i = 0; i < layer->depth; ++i) {
        sum += (*a - layer->a_zero_point) * (*b - layer->b_zero_point);
        a += layer->a_depth_step;
        b += layer->b_depth_step;
    }
    return sum;
}

static void one_matrix(const emg_batch_matmul_s8_t *layer, const int8_t *a, const int8_t *b, int8_t *out) {
    for (int32_t i = 0; i < layer->a_count; ++i) {
        for (int32_t k = 0; k < layer->b_count; ++k) {
            const int32_t sum = product(layer, a + i * layer->a_step, b + k * layer->b_step);
            const int32_t q = emg_requantize(sum, layer->multiplier, layer->shift) + layer->zero_point;
            out[i * layer->a_out_step + k * layer->b_out_step] = (int8_t)emg_clamp(q, INT8_MIN, INT8_MAX);
        }
    }
}

void emg_batch_matmul_s8(const emg_batch_matmul_s8_t *layer, const int8_t *a, const int8_t *b, int8_t *out) {
    const int32_t *batch = layer->batch;
    for (int32_t matrix = 0; matrix < batch[0] * batch[1] * batch[2]; ++matrix) {
        const int32_t plane = matrix / batch[2];
        const int32_t place[3] = {plane / batch[1], plane % batch[1], matrix % batch[2]};
        int32_t a_start = 0, b_start = 0;
        for (int32_t axis = 0; axis < 3; ++axis) {
            a_start += place[axis] * layer->a_stride[axis];
            b_start += place[axis] * layer->b_stride[axis];
        }
        one_matrix(layer, a + a_start, b + b_start, out);
        out += layer->a_count * layer->b_count;
    }
}
