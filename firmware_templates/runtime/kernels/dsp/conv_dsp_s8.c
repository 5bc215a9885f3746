#include "conv_dsp_s8.h"

#include "gemm_group.h"
#include "widen.h"

/* The part of a window's row that lies inside the image, as [begin, end) of its taps. */
typedef struct {
    int32_t begin, end;
} range_t;

static range_t inside(int32_t first, int32_t step, int32_t taps, int32_t size) {
    range_t r = {0, taps};
    while (r.begin < r.end && first + r.begin * step < 0) {
        ++r.begin;
    }
    while (r.end > r.begin && first + (r.end - 1) * step >= size) {
        --r.end;
    }
    return r;
}

static uint32_t *pad(const emg_conv_dsp_s8_t *layer, int32_t taps, uint32_t *to) {
    const uint32_t both = (uint32_t)(uint16_t)layer->in_zero_point * 0x10001u;
    for (int32_t length = taps * layer->in_channels; length > 0; length -= 2) {
        *to = both;
        to += EMG_GROUP;
    }
    return to;
}

/* in_channels is a multiple of 4: every run of taps is a run of words. */
static void gather_words(const emg_conv_dsp_s8_t *layer, const int8_t *in, int32_t top, int32_t left, uint32_t *to) {
    const range_t columns = inside(left, layer->dilation_w, layer->kernel_w, layer->in_w);
    for (int32_t ky = 0; ky < layer->kernel_h; ++ky) {
        const int32_t y = top + ky * layer->dilation_h;
        if (y < 0 || y >= layer->in_h || columns.begin == columns.end) {
            to = pad(layer, layer->kernel_w, to);
            continue;
        }
        const int8_t *row = in + (y * layer->in_w + left) * layer->in_channels;
        to = pad(layer, columns.begin, to);
        if (layer->dilation_w == 1) {
            const int32_t length = (columns.end - columns.begin) * layer->in_channels;
            to = emg_widen(row + columns.begin * layer->in_channels, length, to, EMG_GROUP);
        } else {
            for (int32_t kx = columns.begin; kx < columns.end; ++kx) {
                to = emg_widen(row + kx * layer->dilation_w * layer->in_channels, layer->in_channels, to, EMG_GROUP);
            }
        }
        to = pad(layer, layer->kernel_w - columns.end, to);
    }
}

static int8_t *pad_bytes(const emg_conv_dsp_s8_t *layer, int32_t taps, int8_t *to) {
    for (int32_t left = taps * layer->in_channels; left > 0; --left) {
        *to++ = layer->in_zero_point;
    }
    return to;
}

static int8_t *copy_bytes(const int8_t *from, int32_t length, int8_t *to) {
    for (; length > 0; --length) {
        *to++ = *from++;
    }
    return to;
}

/* Any number of channels: the patch byte by byte, then widened as one run. */
static void gather_bytes(const emg_conv_dsp_s8_t *layer, const int8_t *in, int32_t top, int32_t left, int8_t *bytes,
                         uint32_t *to) {
    const range_t columns = inside(left, layer->dilation_w, layer->kernel_w, layer->in_w);
    int8_t *at = bytes;
    for (int32_t ky = 0; ky < layer->kernel_h; ++ky) {
        const int32_t y = top + ky * layer->dilation_h;
        if (y < 0 || y >= layer->in_h || columns.begin == columns.end) {
            at = pad_bytes(layer, layer->kernel_w, at);
            continue;
        }
        const int8_t *row = in + (y * layer->in_w + left) * layer->in_channels;
        at = pad_bytes(layer, columns.begin, at);
        if (layer->dilation_w == 1) {
            const int32_t length = (columns.end - columns.begin) * layer->in_channels;
            at = copy_bytes(row + columns.begin * layer->in_channels, length, at);
        } else {
            for (int32_t kx = columns.begin; kx < columns.end; ++kx) {
                at = copy_bytes(row + kx * layer->dilation_w * layer->in_channels, layer->in_channels, at);
            }
        }
        at = pad_bytes(layer, layer->kernel_w - columns.end, at);
    }
    (void)emg_widen(bytes, (int32_t)(at - bytes), to, EMG_GROUP);
}

void emg_conv_dsp_s8(const emg_conv_dsp_s8_t *layer, const int8_t *in, int8_t *out, int8_t *scratch) {
    const int32_t pixels = layer->out_h * layer->out_w;
    const int32_t groups = (pixels + EMG_GROUP - 1) / EMG_GROUP;
    uint32_t *patches = (uint32_t *)(void *)scratch;
    int8_t *bytes = scratch + 4 * EMG_GROUP * layer->gemm.steps;
    for (int32_t i = 0; i < groups; ++i) {
        const int32_t first = EMG_GROUP * (layer->backward ? groups - 1 - i : i);
        for (int32_t p = 0; p < EMG_GROUP && first + p < pixels; ++p) {
            const int32_t y = (first + p) / layer->out_w;
            const int32_t top = y * layer->stride_h - layer->pad_top;
            const int32_t left = (first + p - y * layer->out_w) * layer->stride_w - layer->pad_left;
            if (layer->in_channels % 4 == 0) {
                gather_words(layer, in, top, left, patches + p);
            } else {
                gather_bytes(layer, in, top, left, bytes, patches + p);
            }
        }
        emg_gemm_group(layer->stream, &layer->gemm, scratch, pixels - first, layer->out_channels,
                       out + first * layer->out_channels);
    }
}
