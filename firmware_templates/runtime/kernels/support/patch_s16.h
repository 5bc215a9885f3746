/* SPDX-License-Identifier: MIT */
/* A convolution's window, and copying what it sees. */
#ifndef EMG_KERNELS_PATCH_S16_H
#define EMG_KERNELS_PATCH_S16_H

#include <stdint.h>
#include <string.h>

typedef struct {
    int16_t in_h, in_w, in_channels;
    int16_t out_h, out_w, out_channels;
    int16_t kernel_h, kernel_w;
    int16_t stride_h, stride_w;
    int16_t dilation_h, dilation_w;
    int16_t pad_top, pad_left;
    int8_t backward; /* nonzero: from the last pixel to the first */
} emg_window_t;

/* The inputs under the output pixel number `pixel`, zeros where it leaves the image. */
static inline void emg_gather_s16(const emg_window_t *w, const int16_t *in, int32_t pixel, int16_t *patch) {
    const int32_t top = pixel / w->out_w * w->stride_h - w->pad_top;
    const int32_t left = pixel % w->out_w * w->stride_w - w->pad_left;
    const uint32_t bytes = (uint32_t)w->in_channels * 2u;
    for (int32_t ky = 0; ky < w->kernel_h; ++ky) {
        const int32_t y = top + ky * w->dilation_h;
        for (int32_t kx = 0; kx < w->kernel_w; ++kx) {
            const int32_t x = left + kx * w->dilation_w;
            if (y < 0 || y >= w->in_h || x < 0 || x >= w->in_w) {
                memset(patch, 0, bytes);
            } else {
                memcpy(patch, in + (y * w->in_w + x) * w->in_channels, bytes);
            }
            patch += w->in_channels;
        }
    }
}

#endif
