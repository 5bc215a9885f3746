/* SPDX-License-Identifier: MIT */
#include "float_rows_s8.h"

#include <float.h>

#include "../support/quantize_f32.h"
#include "../support/requantize.h"
#include "../support/sqrt_f32.h"

enum { MEAN, ADD, SUB, MUL, DIV, MAXIMUM, MINIMUM, SQUARED_DIFFERENCE, SQUARE, SQRT, RSQRT, ABS, NEG, RELU };
enum { LOAD_NUMBERS = 11, STEP_NUMBERS = 8 };

/* Bounds of the fused activations. */
static const float lowest[4] = {-FLT_MAX, 0.0f, 0.0f, -1.0f};
static const float highest[4] = {FLT_MAX, FLT_MAX, 6.0f, 1.0f};

static inline float within(float x, float low, float high) {
    const float above = x < low ? low : x;
    return high < above ? high : above;
}

static float mean(const float *a, int32_t count) {
    float total = 0.0f;
    for (int32_t i = 0; i < count; ++i) {
        total += a[i];
    }
    return total / (float)count;
}

static float of_one(int32_t kind, float x) {
    switch (kind) {
    case SQRT:
        return emg_sqrt_f32(x);
    case RSQRT:
        return 1.0f / emg_sqrt_f32(x);
    case ABS:
        return x < 0.0f ? -x : x;
    case NEG:
        return -x;
    case RELU:
        return x < 0.0f ? 0.0f : x;
    default:
        return x * x;
    }
}

static float compared(int32_t kind, float x, float y) {
    if (kind == SQUARED_DIFFERENCE) {
        const float difference = x - y;
        return difference * difference;
    }
    return (kind == MAXIMUM ? x > y : x < y) ? x : y;
}

/* Each operator has its own loop, as nothing else is as long. */
static void step(const int32_t *s, float *scratch) {
    const int32_t count = s[3], a_step = s[5], b_step = s[7];
    const float low = lowest[s[1]], high = highest[s[1]];
    const float *a = scratch + s[4], *b = scratch + s[6];
    float *to = scratch + s[2];
    switch (s[0]) {
    case MEAN:
        *to = mean(a, count);
        break;
    case ADD:
        for (int32_t i = 0; i < count; ++i) {
            to[i] = within(a[i * a_step] + b[i * b_step], low, high);
        }
        break;
    case SUB:
        for (int32_t i = 0; i < count; ++i) {
            to[i] = within(a[i * a_step] - b[i * b_step], low, high);
        }
        break;
    case MUL:
        for (int32_t i = 0; i < count; ++i) {
            to[i] = within(a[i * a_step] * b[i * b_step], low, high);
        }
        break;
    case DIV:
        for (int32_t i = 0; i < count; ++i) {
            to[i] = within(a[i * a_step] / b[i * b_step], low, high);
        }
        break;
    case MAXIMUM:
    case MINIMUM:
    case SQUARED_DIFFERENCE:
        for (int32_t i = 0; i < count; ++i) {
            to[i] = compared(s[0], a[i * a_step], b[i * b_step]);
        }
        break;
    default:
        for (int32_t i = 0; i < count; ++i) {
            to[i] = of_one(s[0], a[i * a_step]);
        }
        break;
    }
}

static void load(const int32_t *l, const int32_t *row, const float *numbers, float *scratch) {
    const float *from = numbers + l[1] + row[0] * l[2] + row[1] * l[3] + row[2] * l[4];
    float *to = scratch + l[0];
    for (int32_t i = 0; i < l[5]; ++i) {
        for (int32_t j = 0; j < l[6]; ++j) {
            for (int32_t k = 0; k < l[7]; ++k) {
                *to++ = from[i * l[8] + j * l[9] + k * l[10]];
            }
        }
    }
}

static void read_row(const emg_float_rows_s8_t *layer, const int8_t *in, float *row) {
    for (int32_t i = 0; i < layer->reduced[0]; ++i) {
        for (int32_t j = 0; j < layer->reduced[1]; ++j) {
            const int8_t *from = in + i * layer->reduced_stride[0] + j * layer->reduced_stride[1];
            for (int32_t k = 0; k < layer->reduced[2]; ++k) {
                *row++ = layer->in_scale * (float)(from[k * layer->reduced_stride[2]] - layer->in_zero_point);
            }
        }
    }
}

static void write_row(const emg_float_rows_s8_t *layer, const float *row, int8_t *out) {
    for (int32_t i = 0; i < layer->reduced[0]; ++i) {
        for (int32_t j = 0; j < layer->reduced[1]; ++j) {
            int8_t *to = out + i * layer->reduced_stride[0] + j * layer->reduced_stride[1];
            for (int32_t k = 0; k < layer->reduced[2]; ++k) {
                const int32_t q = emg_quantize_f32(*row++, layer->scale, layer->zero_point);
                to[k * layer->reduced_stride[2]] = (int8_t)emg_clamp(q, INT8_MIN, INT8_MAX);
            }
        }
    }
}

void emg_float_rows_s8(const emg_float_rows_s8_t *layer, const int8_t *in, int8_t *out, float *scratch) {
    int32_t row[3] = {0, 0, 0};
    for (int32_t i = 0; i < layer->once; ++i) {
        load(layer->loads + i * LOAD_NUMBERS, row, layer->numbers, scratch);
    }
    for (row[0] = 0; row[0] < layer->kept[0]; ++row[0]) {
        for (row[1] = 0; row[1] < layer->kept[1]; ++row[1]) {
            for (row[2] = 0; row[2] < layer->kept[2]; ++row[2]) {
                const int32_t place = row[0] * layer->kept_stride[0] + row[1] * layer->kept_stride[1] +
                                      row[2] * layer->kept_stride[2];
                for (int32_t i = layer->once; i < layer->load_count; ++i) {
                    load(layer->loads + i * LOAD_NUMBERS, row, layer->numbers, scratch);
                }
                read_row(layer, in + place, scratch);
                for (int32_t i = 0; i < layer->step_count; ++i) {
                    step(layer->steps + i * STEP_NUMBERS, scratch);
                }
                write_row(layer, scratch + layer->result, out + place);
            }
        }
    }
}
