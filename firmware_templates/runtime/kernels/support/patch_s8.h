/* SPDX-License-Identifier: MIT */
/* Copying what a convolution's window sees of an image. */
#ifndef EMG_KERNELS_PATCH_S8_H
#define EMG_KERNELS_PATCH_S8_H

#include <stdint.h>
#include <string.h>

typedef struct {
    int16_t in_h, in_w, in_channels;
    int16_t out_h, out_w;
    int16_t kernel_h, kernel_w;
    int16_t stride_h, stride_w;
    int16_t dilation_h, dilation_w;
    int16_t pad_top, pad_left;
    int8_t in_zero_point;
} emg_window_s8_t;

static inline int8_t *emg_copy_s8(const int8_t *from, int32_t bytes, int8_t *to) {
    memcpy(to, from, (uint32_t)bytes);
    return to + bytes;
}

static inline int8_t *emg_fill_s8(int8_t value, int32_t bytes, int8_t *to) {
    if (bytes > 0) {
        memset(to, value, (uint32_t)bytes);
    }
    return to + bytes;
}

/* One line of the window that lies in the image, from column `left` on; columns without gaps are copied at
 * once. */
static inline int8_t *emg_patch_line_s8(const emg_window_s8_t *w, const int8_t *line, int32_t left,
                                        int8_t *to) {
    const int32_t depth = w->in_channels;
    if (w->dilation_w == 1) {
        const int32_t first = left < 0 ? -left : 0;
        const int32_t right = left + w->kernel_w < w->in_w ? w->kernel_w : w->in_w - left;
        if (first < right) {
            to = emg_fill_s8(w->in_zero_point, first * depth, to);
            to = emg_copy_s8(line + (left + first) * depth, (right - first) * depth, to);
            return emg_fill_s8(w->in_zero_point, (w->kernel_w - right) * depth, to);
        }
    }
    for (int32_t kx = 0, x = left; kx < w->kernel_w; ++kx, x += w->dilation_w) {
        to = x < 0 || x >= w->in_w ? emg_fill_s8(w->in_zero_point, depth, to)
                                   : emg_copy_s8(line + x * depth, depth, to);
    }
    return to;
}

/* The inputs under the output pixel (y, x), [kernel_h][kernel_w][in_channels], zero points outside the image;
 * returns their end. */
static inline int8_t *emg_patch_s8(const emg_window_s8_t *w, const int8_t *in, int32_t y, int32_t x,
                                   int8_t *to) {
    const int32_t left = x * w->stride_w - w->pad_left;
    int32_t row = y * w->stride_h - w->pad_top;
    for (int32_t ky = 0; ky < w->kernel_h; ++ky, row += w->dilation_h) {
        to = row < 0 || row >= w->in_h ? emg_fill_s8(w->in_zero_point, w->kernel_w * w->in_channels, to)
                                       : emg_patch_line_s8(w, in + row * w->in_w * w->in_channels, left, to);
    }
    return to;
}

#endif
