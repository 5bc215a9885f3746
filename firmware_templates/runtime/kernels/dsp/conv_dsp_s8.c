#include "conv_dsp_s8.h"

#include <string.h>

#include "simd.h"

enum { GROUP = 3 };

/* `length` inputs, widened, to every third word; the last word is filled up with zeros. */
static uint32_t *widen(const int8_t *from, int32_t length, uint32_t *to) {
    for (; length >= 4; length -= 4) {
        const uint32_t word = emg_load4(from);
        from += 4;
        to[0] = emg_even_bytes(word);
        to[GROUP] = emg_odd_bytes(word);
        to += 2 * GROUP;
    }
    if (length > 0) {
        int8_t last[4] = {0, 0, 0, 0};
        memcpy(last, from, (size_t)length);
        to[0] = emg_even_bytes(emg_load4(last));
        to[GROUP] = emg_odd_bytes(emg_load4(last));
        to += 2 * GROUP;
    }
    return to;
}

static uint32_t *fill(int8_t value, int32_t length, uint32_t *to) {
    const uint32_t both = (uint32_t)(uint16_t)value * 0x10001u;
    for (; length > 0; length -= 2) {
        *to = both;
        to += GROUP;
    }
    return to;
}

/* One pixel's patch; in_channels is a multiple of 4 or the patch is a single run of channels. */
static void gather_words(const emg_conv_dsp_s8_t *layer, const int8_t *in, int32_t pixel, uint32_t *to) {
    const int32_t top = pixel / layer->out_w * layer->stride_h - layer->pad_top;
    const int32_t left = pixel % layer->out_w * layer->stride_w - layer->pad_left;
    for (int32_t ky = 0; ky < layer->kernel_h; ++ky) {
        const int32_t y = top + ky * layer->dilation_h;
        for (int32_t kx = 0; kx < layer->kernel_w; ++kx) {
            const int32_t x = left + kx * layer->dilation_w;
            if (y < 0 || y >= layer->in_h || x < 0 || x >= layer->in_w) {
                to = fill(layer->in_zero_point, layer->in_channels, to);
            } else {
                to = widen(in + (y * layer->in_w + x) * layer->in_channels, layer->in_channels, to);
            }
        }
    }
}

/* One pixel's patch, byte by byte into `bytes`, then widened as one run. */
static void gather_bytes(const emg_conv_dsp_s8_t *layer, const int8_t *in, int32_t pixel, int8_t *bytes,
                         uint32_t *to) {
    const int32_t top = pixel / layer->out_w * layer->stride_h - layer->pad_top;
    const int32_t left = pixel % layer->out_w * layer->stride_w - layer->pad_left;
    int8_t *at = bytes;
    for (int32_t ky = 0; ky < layer->kernel_h; ++ky) {
        const int32_t y = top + ky * layer->dilation_h;
        for (int32_t kx = 0; kx < layer->kernel_w; ++kx) {
            const int32_t x = left + kx * layer->dilation_w;
            const int outside = y < 0 || y >= layer->in_h || x < 0 || x >= layer->in_w;
            const int8_t *from = in + (y * layer->in_w + x) * layer->in_channels;
            for (int32_t c = 0; c < layer->in_channels; ++c) {
                *at++ = outside ? layer->in_zero_point : from[c];
            }
        }
    }
    (void)widen(bytes, (int32_t)(at - bytes), to);
}

static void gather(const emg_conv_dsp_s8_t *layer, const int8_t *in, int32_t first, int32_t count, int8_t *scratch) {
    uint32_t *patches = (uint32_t *)(void *)scratch;
    for (int32_t i = 0; i < count; ++i) {
        if (layer->in_channels % 4 == 0) {
            gather_words(layer, in, first + i, patches + i);
        } else {
            gather_bytes(layer, in, first + i, scratch + 12 * layer->gemm.steps, patches + i);
        }
    }
}

void emg_conv_dsp_s8(const emg_conv_dsp_s8_t *layer, const int8_t *in, int8_t *out, int8_t *scratch) {
    const int32_t pixels = layer->out_h * layer->out_w;
    const int32_t groups = (pixels + GROUP - 1) / GROUP;
    const uint32_t *patches = (const uint32_t *)(const void *)scratch;
    int8_t *staged = scratch + 12 * layer->gemm.steps;
    for (int32_t i = 0; i < groups; ++i) {
        const int32_t first = GROUP * (layer->backward ? groups - 1 - i : i);
        const int32_t count = pixels - first < GROUP ? pixels - first : GROUP;
        int8_t *target = out + first * layer->out_channels;
        gather(layer, in, first, count, scratch);
        if (count == GROUP && layer->gemm.stride == layer->out_channels) {
            emg_gemm_3px_s8(layer->stream, patches, target, &layer->gemm);
            continue;
        }
        /* A group that is cut short, or an odd last channel: nothing beyond `out` may be written. */
        emg_gemm_3px_s8(layer->stream, patches, staged, &layer->gemm);
        for (int32_t p = 0; p < count; ++p) {
            memcpy(target + p * layer->out_channels, staged + p * layer->gemm.stride, (size_t)layer->out_channels);
        }
    }
}
