/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_DSP_DEPTHWISE_WIDEN_S8_H
#define EMG_KERNELS_DSP_DEPTHWISE_WIDEN_S8_H

#include <stdint.h>

typedef struct {
    int32_t step;      /* bytes from one position to the next */
    int32_t plane;     /* bytes from one channel's plane to the next one's */
    uint32_t padding;  /* four bytes of the zero point */
    int32_t lead;      /* nonzero: a line's first pair is padding and its first position */
    int32_t pairs;     /* whole pairs of positions in a line */
    int32_t tail;      /* nonzero: then a pair of its last position and padding */
    int32_t next_line; /* bytes from a line's end to the next one's start */
    int32_t gap;       /* bytes of a plane between the words of two lines */
} emg_depthwise_widen_t;

/* Lines of positions, four channels each: one word of two halfwords for each pair of positions to each
 * channel's plane. */
void emg_depthwise_widen_s8(const int8_t *from, int32_t lines, uint32_t *to,
                            const emg_depthwise_widen_t *how);

#endif
