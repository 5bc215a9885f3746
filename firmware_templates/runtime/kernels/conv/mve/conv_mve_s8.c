/* SPDX-License-Identifier: MIT */
#include "conv_mve_s8.h"

#include "gemm_group_mve.h"
#include "patches.h"

/* A run of taps of which the image holds some or none: zero points stand for the others. */
static void cut_run(const emg_conv_mve_s8_t *layer, const int8_t *row, int32_t x, int8_t *to) {
    const int32_t depth = layer->in_channels;
    for (int32_t tap = 0; tap < layer->run_taps; ++tap, ++x, to += depth) {
        if (row != NULL && x >= 0 && x < layer->in_w) {
            emg_copy(row + x * depth, depth, to);
        } else {
            memset(to, layer->in_zero_point, (size_t)depth);
        }
    }
}

/* One pixel's patch, row by row; a row is one run of bytes unless its taps are dilated. */
static void gather(const emg_conv_mve_s8_t *layer, const int8_t *in, int32_t top, int32_t left, int8_t *to) {
    const int32_t depth = layer->in_channels;
    const int32_t length = layer->run_taps * depth;
    for (int32_t ky = 0; ky < layer->kernel_h; ++ky) {
        const int32_t y = top + ky * layer->dilation_h;
        const int8_t *row = y >= 0 && y < layer->in_h ? in + y * layer->in_w * depth : NULL;
        for (int32_t kx = 0; kx < layer->kernel_w; kx += layer->run_taps, to += length) {
            const int32_t x = left + kx * layer->dilation_w;
            if (row != NULL && x >= 0 && x + layer->run_taps <= layer->in_w) {
                emg_copy(row + x * depth, length, to);
            } else {
                cut_run(layer, row, x, to);
            }
        }
    }
}

static void gather_group(const emg_conv_mve_s8_t *layer, const int8_t *in, int32_t first, int32_t count,
                         int8_t *scratch) {
    const int32_t taps = layer->kernel_h * layer->kernel_w * layer->in_channels;
    int8_t *bytes = scratch + EMG_PIXELS * EMG_VECTOR * (layer->gemm.blocks + 1);
    int32_t y = first / layer->out_w;
    int32_t x = first - y * layer->out_w;
    for (int32_t p = 0; p < count; ++p) {
        gather(layer, in, y * layer->stride_h - layer->pad_top, x * layer->stride_w - layer->pad_left, bytes);
        emg_put_patch(bytes, taps, scratch + p * EMG_VECTOR);
        if (++x == layer->out_w) {
            x = 0;
            ++y;
        }
    }
}

void emg_conv_mve_s8(const emg_conv_mve_s8_t *layer, const int8_t *in, int8_t *out, int8_t *scratch) {
    const int32_t pixels = layer->out_h * layer->out_w;
    const int32_t groups = (pixels + EMG_PIXELS - 1) / EMG_PIXELS;
    for (int32_t i = 0; i < groups; ++i) {
        const int32_t first = EMG_PIXELS * (layer->backward ? groups - 1 - i : i);
        const int32_t left = pixels - first;
        gather_group(layer, in, first, left < EMG_PIXELS ? left : EMG_PIXELS, scratch);
        emg_gemm_group_mve(layer->stream, &layer->gemm, layer->rectified, scratch, left,
                           out + first * layer->gemm.channels);
    }
}
