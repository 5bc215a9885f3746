/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_MVE_DEPTHWISE_LINE_MVE_S8_H
#define EMG_KERNELS_MVE_DEPTHWISE_LINE_MVE_S8_H

#include <stdint.h>

typedef struct {
    int32_t zero_point; /* of the output */
    int32_t low, high;  /* the fused activation's range */
    int32_t plane;      /* bytes from one channel's plane to the next one's */
    int32_t outputs;    /* of a line */
    int32_t step;       /* bytes from one output of a channel to the next */
} emg_depthwise_line_mve_s8_t;

/* One line of outputs of four channels.
 *
 * A channel's plane holds four bytes for each column of the padded image: of three of its rows, and
 * one that counts for nothing. The rows stand in the order in which they were loaded; `order` says,
 * for each byte of a window's 16, which of the channel's 16 weights it meets. `constants` holds
 * four biases, four multipliers and four shifts. */
void emg_depthwise_line_mve_s8(const int8_t *weights, const int32_t *constants, const int8_t *planes,
                               int8_t *out, const uint8_t *order, const emg_depthwise_line_mve_s8_t *line);

/* The same with outputs of every second column. */
void emg_depthwise_line_2_mve_s8(const int8_t *weights, const int32_t *constants, const int8_t *planes,
                                 int8_t *out, const uint8_t *order, const emg_depthwise_line_mve_s8_t *line);

/* Both for outputs rectified at -128, their zero point; see gemm_mve_s8.h. */
void emg_depthwise_line_rectified_mve_s8(const int8_t *weights, const int32_t *constants,
                                         const int8_t *planes, int8_t *out, const uint8_t *order,
                                         const emg_depthwise_line_mve_s8_t *line);
void emg_depthwise_line_2_rectified_mve_s8(const int8_t *weights, const int32_t *constants,
                                           const int8_t *planes, int8_t *out, const uint8_t *order,
                                           const emg_depthwise_line_mve_s8_t *line);

#endif
