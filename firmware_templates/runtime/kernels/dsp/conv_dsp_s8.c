#include "conv_dsp_s8.h"

#include <string.h>

#include "gemm_group.h"
#include "widen.h"

/* The taps of a run that lie inside the image: [begin, end). */
typedef struct {
    int32_t begin, end;
} range_t;

static range_t inside(int32_t first, int32_t taps, int32_t size) {
    range_t r = {0, taps};
    while (r.begin < r.end && first + r.begin < 0) {
        ++r.begin;
    }
    while (r.end > r.begin && first + r.end > size) {
        --r.end;
    }
    return r;
}

/* A run that the image's edge cuts, put together in `bytes`: zero points around what is inside. */
static uint32_t *widen_cut(const emg_conv_dsp_s8_t *layer, const int8_t *from, range_t cut, int8_t *bytes,
                           uint32_t *to) {
    const int32_t depth = layer->in_channels;
    const int32_t length = layer->run_taps * depth;
    memset(bytes, layer->in_zero_point, (size_t)length);
    if (cut.end > cut.begin) {
        memcpy(bytes + cut.begin * depth, from + cut.begin * depth, (size_t)((cut.end - cut.begin) * depth));
    }
    return emg_widen(bytes, length, to, EMG_GROUP);
}

/* One pixel's patch, row by row; a row is one run of bytes unless its taps are dilated. */
static void gather(const emg_conv_dsp_s8_t *layer, const int8_t *in, int32_t top, int32_t left, int8_t *bytes,
                   uint32_t *to) {
    const int32_t length = layer->run_taps * layer->in_channels;
    for (int32_t ky = 0; ky < layer->kernel_h; ++ky) {
        const int32_t y = top + ky * layer->dilation_h;
        const int row_inside = y >= 0 && y < layer->in_h;
        for (int32_t kx = 0; kx < layer->kernel_w; kx += layer->run_taps) {
            const int32_t x = left + kx * layer->dilation_w;
            const int8_t *from = in + (y * layer->in_w + x) * layer->in_channels;
            if (row_inside && x >= 0 && x + layer->run_taps <= layer->in_w) {
                to = emg_widen(from, length, to, EMG_GROUP);
                continue;
            }
            range_t cut = inside(x, layer->run_taps, layer->in_w);
            cut.end = row_inside ? cut.end : cut.begin;
            to = widen_cut(layer, from, cut, bytes, to);
        }
    }
}

/* The patches of three pixels side by side whose windows stay between the image's left and right edge. */
static void gather_three(const emg_conv_dsp_s8_t *layer, const int8_t *in, int32_t top, int32_t left,
                         uint32_t *to) {
    const uint32_t padding = (uint32_t)(uint16_t)layer->in_zero_point * 0x10001u;
    const int32_t length = layer->kernel_w * layer->in_channels;
    const int32_t next = layer->stride_w * layer->in_channels;
    for (int32_t ky = 0; ky < layer->kernel_h; ++ky) {
        const int32_t y = top + ky * layer->dilation_h;
        if (y >= 0 && y < layer->in_h) {
            const int8_t *from = in + (y * layer->in_w + left) * layer->in_channels;
            to = emg_widen_three(from, from + next, from + 2 * next, length, to);
            continue;
        }
        for (int32_t words = (length + 3) / 4 * 2 * EMG_GROUP; words > 0; --words) {
            *to++ = padding;
        }
    }
}

static void gather_group(const emg_conv_dsp_s8_t *layer, const int8_t *in, int32_t first, int32_t count,
                         int8_t *scratch) {
    uint32_t *patches = (uint32_t *)(void *)scratch;
    int8_t *bytes = scratch + 4 * EMG_GROUP * layer->gemm.steps;
    int32_t y = first / layer->out_w;
    int32_t x = first - y * layer->out_w;
    int32_t top = y * layer->stride_h - layer->pad_top;
    int32_t left = x * layer->stride_w - layer->pad_left;
    const int32_t right = left + (EMG_GROUP - 1) * layer->stride_w + layer->kernel_w;
    if (x + EMG_GROUP <= layer->out_w && left >= 0 && right <= layer->in_w &&
        layer->run_taps == layer->kernel_w) {
        gather_three(layer, in, top, left, patches);
        return;
    }
    for (int32_t p = 0; p < count; ++p) {
        gather(layer, in, top, left, bytes, patches + p);
        left += layer->stride_w;
        if (++x == layer->out_w) {
            x = 0;
            left = -layer->pad_left;
            top += layer->stride_h;
        }
    }
}

void emg_conv_dsp_s8(const emg_conv_dsp_s8_t *layer, const int8_t *in, int8_t *out, int8_t *scratch) {
    const int32_t pixels = layer->out_h * layer->out_w;
    const int32_t groups = (pixels + EMG_GROUP - 1) / EMG_GROUP;
    for (int32_t i = 0; i < groups; ++i) {
        const int32_t first = EMG_GROUP * (layer->backward ? groups - 1 - i : i);
        const int32_t left = pixels - first;
        gather_group(layer, in, first, left < EMG_GROUP ? left : EMG_GROUP, scratch);
        emg_gemm_group(layer->stream, &layer->gemm, scratch, left, layer->out_channels,
                       out + first * layer->out_channels);
    }
}
