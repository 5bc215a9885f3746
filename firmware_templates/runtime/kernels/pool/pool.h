/* SPDX-License-Identifier: MIT */
/* What the pools of all element types share: a window, clipped to the image. */
#ifndef EMG_KERNELS_POOL_H
#define EMG_KERNELS_POOL_H

#include <stdint.h>

typedef struct {
    int16_t in_h, in_w, channels;
    int16_t out_h, out_w;
    int16_t kernel_h, kernel_w;
    int16_t stride_h, stride_w;
    int16_t pad_top, pad_left;
    int32_t low, high; /* the fused activation's range */
} emg_pool_t;

typedef struct {
    int32_t first_y, end_y, first_x, end_x;
} emg_pool_window_t;

static inline emg_pool_window_t emg_pool_window(const emg_pool_t *layer, int32_t y, int32_t x) {
    const int32_t top = y * layer->stride_h - layer->pad_top;
    const int32_t left = x * layer->stride_w - layer->pad_left;
    emg_pool_window_t window;
    window.first_y = top > 0 ? top : 0;
    window.first_x = left > 0 ? left : 0;
    window.end_y = top + layer->kernel_h < layer->in_h ? top + layer->kernel_h : layer->in_h;
    window.end_x = left + layer->kernel_w < layer->in_w ? left + layer->kernel_w : layer->in_w;
    return window;
}

#endif
