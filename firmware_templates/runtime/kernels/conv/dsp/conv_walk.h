/* SPDX-License-Identifier: MIT */
/* CONV_2D, int8, by pairs of pixels: how the image is walked over. EMG_CONV_WIDEN, defined before this is
 * included, gathers pairs of patches: emg_widen_pairs_s8 or one that does the same for fewer shapes. */
#ifndef EMG_KERNELS_DSP_CONV_WALK_H
#define EMG_KERNELS_DSP_CONV_WALK_H

#include <string.h>

#include "conv_dsp_s8.h"
#include "widen.h"
#include "widen_pairs_s8.h"

/* The taps of a run that lie inside the image: [begin, end). */
typedef struct {
    int32_t begin, end;
} range_t;

/* Where a patch's words go, and meanwhile what its runs leave over. */
typedef struct {
    uint32_t *words;
    int8_t *rest;
} patch_t;

/* A layer at work. scratch: patches, then what runs leave over, then a window's bytes. */
typedef struct {
    const emg_conv_dsp_s8_t *layer;
    const int8_t *in;
    int8_t *out;
    uint32_t *patches;
    int8_t *rest, *bytes, *staged;
    emg_widen_pairs_t inside; /* how the patches of pairs are gathered from the image */
    emg_widen_pairs_t cut;    /* the same from a window's bytes */
} work_t;

/* row_bytes: from one run of taps to the next. */
static inline emg_widen_pairs_t pairs_from(const emg_conv_dsp_s8_t *layer, int32_t row_bytes) {
    const int32_t length = layer->run_taps * layer->in_channels, rest = length % 4;
    const int32_t runs = layer->kernel_h * layer->kernel_w / layer->run_taps;
    emg_widen_pairs_t how;
    how.rows = runs;
    how.words = length / 4;
    how.rest = rest;
    how.next = layer->stride_w * layer->in_channels;
    how.down = row_bytes - length;
    how.second_rest = runs * rest;
    how.rest_words = (runs * rest + 3) / 4;
    how.across = 2 * how.next - runs * row_bytes;
    return how;
}

/* From one run of the window to the next in the image. */
static inline int32_t run_bytes(const emg_conv_dsp_s8_t *layer) {
    const int32_t places =
        layer->run_taps == layer->kernel_w ? layer->dilation_h * layer->in_w : layer->dilation_w;
    return places * layer->in_channels;
}

/* Whether all of them are as far apart. */
static inline int evenly(const emg_conv_dsp_s8_t *layer) {
    return layer->run_taps == layer->kernel_w || layer->kernel_h == 1;
}

/* Bytes of a row of the window of two pixels. */
static inline int32_t span(const emg_conv_dsp_s8_t *layer) {
    return (layer->kernel_w + layer->stride_w) * layer->in_channels;
}

static inline work_t begin(const emg_conv_dsp_s8_t *layer, const int8_t *in, int8_t *out, int8_t *scratch) {
    const int32_t runs = layer->kernel_h * layer->kernel_w / layer->run_taps;
    int8_t *const staged = scratch + 4 * EMG_GROUP * layer->gemm.steps * layer->batch;
    int8_t *const bytes = staged + EMG_GROUP * runs * (layer->run_taps * layer->in_channels % 4) + 3;
    const work_t w = {layer,
                      in,
                      out,
                      (uint32_t *)(void *)scratch,
                      staged,
                      bytes,
                      staged,
                      pairs_from(layer, run_bytes(layer)),
                      pairs_from(layer, span(layer))};
    return w;
}

static inline range_t inside(int32_t first, int32_t taps, int32_t step, int32_t size) {
    range_t r = {0, taps};
    while (r.begin < r.end && first + r.begin * step < 0) {
        ++r.begin;
    }
    while (r.end > r.begin && first + (r.end - 1) * step >= size) {
        --r.end;
    }
    return r;
}

/* `taps` pixels of row `y` from column `x` on, zero points where there is no image. */
static inline void copy_row(const work_t *w, int32_t y, int32_t x, int32_t taps, int8_t *to) {
    const emg_conv_dsp_s8_t *layer = w->layer;
    const int32_t depth = layer->in_channels;
    const range_t cut = inside(x, taps, 1, layer->in_w);
    memset(to, layer->in_zero_point, (size_t)(taps * depth));
    if (y >= 0 && y < layer->in_h && cut.end > cut.begin) {
        memcpy(to + cut.begin * depth, w->in + (y * layer->in_w + x + cut.begin) * depth,
               (size_t)((cut.end - cut.begin) * depth));
    }
}

#ifdef __GNUC__
#define ONE_COPY __attribute__((noinline))
#else
#define ONE_COPY
#endif

/* One pixel's patch, run by run; a run is a row of the window unless its taps are dilated. Its two callers
 * share one copy, whatever a system's own string.h makes of its size. */
static ONE_COPY void gather_one(const work_t *w, int32_t top, int32_t left, int32_t apart, patch_t to) {
    const emg_conv_dsp_s8_t *layer = w->layer;
    const int32_t length = layer->run_taps * layer->in_channels, whole = length & ~3;
    int8_t *rest = to.rest;
    for (int32_t ky = 0; ky < layer->kernel_h; ++ky) {
        for (int32_t kx = 0; kx < layer->kernel_w; kx += layer->run_taps) {
            copy_row(w, top + ky * layer->dilation_h, left + kx * layer->dilation_w, layer->run_taps,
                     w->bytes);
            to.words = emg_widen(w->bytes, whole, to.words, apart);
            memcpy(to.rest, w->bytes + whole, (size_t)(length - whole));
            to.rest += length - whole;
        }
    }
    (void)emg_widen(rest, (int32_t)(to.rest - rest), to.words, apart);
}

/* A pair whose windows reach beyond the image, or are dilated. */
static inline void gather_cut(const work_t *w, int32_t top, int32_t left, uint32_t *to) {
    const emg_conv_dsp_s8_t *layer = w->layer;
    if (layer->run_taps < layer->kernel_w) {
        for (int32_t p = 0; p < EMG_GROUP; ++p) {
            const patch_t patch = {to + p, w->rest};
            gather_one(w, top, left + p * layer->stride_w, EMG_GROUP, patch);
        }
        return;
    }
    const int32_t width = layer->kernel_w + layer->stride_w;
    for (int32_t ky = 0; ky < layer->kernel_h; ++ky) {
        copy_row(w, top + ky * layer->dilation_h, left, width, w->bytes + ky * span(layer));
    }
    EMG_CONV_WIDEN(w->bytes, 1, to, &w->cut, w->rest);
}

static inline void gather(const work_t *w, int32_t top, int32_t left, int32_t pairs) {
    const emg_conv_dsp_s8_t *layer = w->layer;
    const int32_t bottom = top + (layer->kernel_h - 1) * layer->dilation_h;
    const int32_t reach = (layer->kernel_w - 1) * layer->dilation_w + 1;
    const int32_t right = left + (EMG_GROUP * pairs - 1) * layer->stride_w + reach;
    const int rows_inside = top >= 0 && bottom < layer->in_h && evenly(layer);
    const int8_t *from = w->in + (top * layer->in_w + left) * layer->in_channels;
    if (rows_inside && left >= 0 && right <= layer->in_w) {
        EMG_CONV_WIDEN(from, pairs, w->patches, &w->inside, w->rest);
        return;
    }
    const int32_t last = EMG_GROUP * layer->stride_w;
    for (int32_t i = 0; i < pairs; ++i, left += last, from += last * layer->in_channels) {
        uint32_t *to = w->patches + EMG_GROUP * layer->gemm.steps * i;
        if (rows_inside && left >= 0 && left + layer->stride_w + reach <= layer->in_w) {
            EMG_CONV_WIDEN(from, 1, to, &w->inside, w->rest);
        } else {
            gather_cut(w, top, left, to);
        }
    }
}

/* The outputs of the gathered patches: `pairs` pairs of pixels, or a single one where that is 0. */
static inline void multiply(const work_t *w, int32_t pairs, int8_t *out) {
    const emg_conv_dsp_s8_t *layer = w->layer;
    const int whole = 4 * layer->gemm.quads == layer->out_channels;
    int8_t *target = whole ? out : w->staged;
    if (pairs > 0) {
        emg_gemm_4ch_2px_s8(layer->stream, w->patches, target, &layer->gemm, pairs);
    } else {
        emg_gemm_4ch_1px_s8(layer->stream, w->patches, target, &layer->gemm, 1);
    }
    if (whole) {
        return;
    }
    for (int32_t p = pairs > 0 ? EMG_GROUP * pairs : 1; p > 0; --p, out += layer->out_channels) {
        memcpy(out, target, (size_t)layer->out_channels);
        target += 4 * layer->gemm.quads;
    }
}

static inline void one_batch(const work_t *w, int32_t y, int32_t batch) {
    const emg_conv_dsp_s8_t *layer = w->layer;
    const int32_t x = EMG_GROUP * layer->batch * batch;
    const int32_t left_over = layer->out_w / EMG_GROUP - layer->batch * batch;
    const int32_t pairs = left_over < layer->batch ? left_over : layer->batch;
    const int32_t at = pairs > 0 ? x : layer->out_w - 1;
    const int32_t top = y * layer->stride_h - layer->pad_top;
    const int32_t left = at * layer->stride_w - layer->pad_left;
    if (pairs > 0) {
        gather(w, top, left, pairs);
    } else {
        const patch_t patch = {w->patches, w->rest};
        gather_one(w, top, left, 1, patch);
    }
    multiply(w, pairs, w->out + (y * layer->out_w + at) * layer->out_channels);
}

static inline void emg_conv_walk(const emg_conv_dsp_s8_t *layer, const int8_t *in, int8_t *out,
                                 int8_t *scratch) {
    const work_t w = begin(layer, in, out, scratch);
    const int32_t batches =
        (layer->out_w / EMG_GROUP + layer->batch - 1) / layer->batch + layer->out_w % EMG_GROUP;
    for (int32_t i = 0; i < layer->out_h; ++i) {
        const int32_t y = layer->backward ? layer->out_h - 1 - i : i;
        for (int32_t k = 0; k < batches; ++k) {
            one_batch(&w, y, layer->backward ? batches - 1 - k : k);
        }
    }
}

#endif
