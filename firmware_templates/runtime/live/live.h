/* SPDX-License-Identifier: MIT */
/* Live recognition: samples as they come from the electrodes become the model's input, a window each stride.
 *
 * All arithmetic is IEEE single precision in a fixed order, without fused multiply-adds, so a window has the
 * same bits here and in emgdeploy.signals on the host.
 */
#ifndef EMG_LIVE_LIVE_H
#define EMG_LIVE_LIVE_H

#include "exact.h"

#include <stdint.h>

#include "decide.h"
#include "section.h"

/* What becomes of a part of a window: its last sample, its root mean square, its mean absolute value. */
typedef enum { EMG_IMAGE_LAST, EMG_IMAGE_RMS, EMG_IMAGE_MAV } emg_image_t;

typedef enum {
    EMG_NORMALISE_NONE,
    EMG_NORMALISE_GLOBAL,
    EMG_NORMALISE_ELECTRODE,
    EMG_NORMALISE_FRAME
} emg_normalise_t;

#define EMG_NO_ELECTRODE (-1)
#define EMG_LIVE_WIDEST 4294967296.0f

/* A preprocessing description. A window is `frames` parts of `blocks_per_frame` blocks of `block_samples`
 * samples; the next window begins `blocks_per_stride` blocks later. */
typedef struct {
    const int16_t *channels; /* of each electrode; EMG_NO_ELECTRODE where there is none, which is always 0 */
    int32_t electrodes;
    const emg_section_t *sections;
    int32_t section_count;
    int rectify;
    int32_t block_samples, blocks_per_frame, frames, blocks_per_stride;
    emg_image_t image;
    int detrend;
    int logarithm;
    float log_epsilon;
    emg_normalise_t normalise;
    const float *mean, *std; /* one number, or one for each electrode */
    float lowest, highest;   /* what the converter can give, in millivolts; where both are 0, any number up to
                              * EMG_LIVE_WIDEST either way */
    emg_rules_t rules;       /* how decisions are made */
} emg_live_t;

/* The caller's memory, in floats. filters: 2 * section_count * electrodes; row: electrodes. values: a ring of
 * frames * blocks_per_frame blocks with a number for each electrode (the last sample, the sum of squares or
 * of absolute values). If `detrend`, means: the same of the blocks' means, and anchors: the first sample of
 * the block that is being filled, for each electrode; squares are then of distances from the block's mean,
 * taken from the anchor, for an offset's square would leave nothing of the signal. last: the last good value
 * of each electrode; without it a bad one becomes 0. What is not needed may be null. */
typedef struct {
    float *filters;
    float *values;
    float *means;
    float *anchors;
    float *last;
    float
        *levels; /* sums of absolute values of all electrodes, of each block; null where no rule needs them */
    float *row;  /* a sample of each electrode on its way through the filters */
    int32_t sample;  /* how many the block has that is being filled */
    int32_t block;   /* its place in the rings */
    int32_t missing; /* blocks until the next window is whole */
    int started;
    int32_t good;   /* sampling intervals since the last bad value, at most a window's */
    uint32_t bad;   /* bad values since the start, at most UINT32_MAX */
    uint32_t taken; /* samples since the start, modulo 2^32 */
    emg_decider_t decider;
} emg_live_state_t;

/* Forget all samples: the next one is the first of a recording. */
void emg_live_start(const emg_live_t *live, emg_live_state_t *state);

/* One sample of every channel, in millivolts. Returns 1 when it completes a window, else 0. A value that is
 * no number, infinite or outside of what the converter can give becomes the electrode's last good one; an
 * electrode's filters begin at its first. */
int emg_live_take(const emg_live_t *live, emg_live_state_t *state, const float *millivolts);

/* The window that emg_live_take has just completed: frames * electrodes numbers, ready for the network. */
void emg_live_image(const emg_live_t *live, const emg_live_state_t *state, float *image);

/* Whether all samples of that window were good. */
int emg_live_sure(const emg_live_t *live, const emg_live_state_t *state);

/* One sample of every channel that never came: each becomes the electrode's last good value, and counts as
 * bad. */
int emg_live_lose(const emg_live_t *live, emg_live_state_t *state);

/* The mean of the absolute values of that window's filtered samples, in millivolts; 0 where no rule needs it.
 */
float emg_live_level(const emg_live_t *live, const emg_live_state_t *state);

/* What to do, now that the network says so of that window. */
emg_decision_t emg_live_decide(const emg_live_t *live, emg_live_state_t *state, const float *outputs,
                               int32_t count);

#endif
