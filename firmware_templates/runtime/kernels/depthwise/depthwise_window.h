/* SPDX-License-Identifier: MIT */
/* How the window of a depthwise convolution, of any shape, lies over the image at each pixel of the output.
 */
#ifndef EMG_KERNELS_DEPTHWISE_WINDOW_H
#define EMG_KERNELS_DEPTHWISE_WINDOW_H

#include <stdint.h>

/* One axis of image and window; `step`: bytes of the input from one place to the next. */
typedef struct {
    int16_t size, out_size;
    int16_t taps, stride, dilation, padding;
    int32_t step;
} emg_depthwise_axis_t;

/* Taps are counted along `inner` first, the axis with more of them: the columns, or where `tall` the rows. */
typedef struct {
    emg_depthwise_axis_t outer, inner;
    int16_t channels, multiplier; /* of the input; outputs of each */
    int8_t tall;
    int8_t in_zero_point;
} emg_depthwise_shape_t;

/* Taps in a row: bytes from the input's start to the first, and from one to the next; no steps in the
 * padding. */
typedef struct {
    int32_t from, step, taps;
} emg_depthwise_run_t;

/* The taps of one axis before the image, in it and behind it; the place of the first one in it. */
typedef struct {
    int32_t before, inside, after, place;
} emg_depthwise_span_t;

static inline emg_depthwise_span_t emg_depthwise_span(const emg_depthwise_axis_t *axis, int32_t number) {
    emg_depthwise_span_t span = {0, axis->taps, 0, number * axis->stride - axis->padding};
    int32_t last = span.place + (axis->taps - 1) * axis->dilation;
    for (; span.inside > 0 && span.place < 0; span.place += axis->dilation, --span.inside) {
        ++span.before;
    }
    for (; span.inside > 0 && last >= axis->size; last -= axis->dilation, --span.inside) {
        ++span.after;
    }
    return span;
}

static inline emg_depthwise_run_t *emg_depthwise_put_run(emg_depthwise_run_t *to, int32_t from, int32_t step,
                                                         int32_t taps) {
    if (taps == 0) {
        return to;
    }
    to->from = from;
    to->step = step;
    to->taps = taps;
    return to + 1;
}

/* The runs of one window, at most 3 for each outer tap; returns their end. */
static inline emg_depthwise_run_t *emg_depthwise_runs(const emg_depthwise_shape_t *shape,
                                                      const emg_depthwise_span_t *outer,
                                                      const emg_depthwise_span_t *inner,
                                                      emg_depthwise_run_t *to) {
    const int32_t next = shape->outer.dilation * shape->outer.step;
    const int32_t step = shape->inner.dilation * shape->inner.step;
    int32_t from = outer->place * shape->outer.step + inner->place * shape->inner.step;
    to = emg_depthwise_put_run(to, 0, 0, outer->before * shape->inner.taps);
    for (int32_t i = 0; i < outer->inside; ++i, from += next) {
        to = emg_depthwise_put_run(to, 0, 0, inner->before);
        to = emg_depthwise_put_run(to, from, step, inner->inside);
        to = emg_depthwise_put_run(to, 0, 0, inner->after);
    }
    return emg_depthwise_put_run(to, 0, 0, outer->after * shape->inner.taps);
}

/* Computes all outputs of one pixel from runs of taps. */
typedef void emg_depthwise_pixel_t(const void *layer, const int8_t *in, const emg_depthwise_run_t *runs,
                                   const emg_depthwise_run_t *end, int8_t *out);

/* Calls `pixel` for one pixel of the output after the other; `runs` has room for those of a window. */
static inline void emg_depthwise_walk(const emg_depthwise_shape_t *shape, const void *layer, const int8_t *in,
                                      int8_t *out, emg_depthwise_run_t *runs, emg_depthwise_pixel_t *pixel) {
    const emg_depthwise_axis_t *rows = shape->tall ? &shape->inner : &shape->outer;
    const emg_depthwise_axis_t *columns = shape->tall ? &shape->outer : &shape->inner;
    const int32_t depth = shape->channels * shape->multiplier;
    for (int32_t y = 0; y < rows->out_size; ++y) {
        const emg_depthwise_span_t row = emg_depthwise_span(rows, y);
        for (int32_t x = 0; x < columns->out_size; ++x, out += depth) {
            const emg_depthwise_span_t column = emg_depthwise_span(columns, x);
            const emg_depthwise_run_t *end =
                emg_depthwise_runs(shape, shape->tall ? &column : &row, shape->tall ? &row : &column, runs);
            pixel(layer, in, runs, end, out);
        }
    }
}

#endif
