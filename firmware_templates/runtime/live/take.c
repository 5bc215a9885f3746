#include "live.h"

static int32_t blocks_of(const emg_live_t *live) {
    return live->frames * live->blocks_per_frame;
}

void emg_live_start(const emg_live_t *live, emg_live_state_t *state) {
    state->sample = 0;
    state->block = 0;
    state->missing = blocks_of(live);
    state->started = 0;
}

/* Every filter as if this sample had been there for ever, so that an electrode's offset does not ring. */
static void settle(const emg_live_t *live, emg_live_state_t *state, const float *millivolts) {
    float *filter = state->filters;
    for (int32_t e = 0; e < live->electrodes; ++e) {
        const int16_t channel = live->channels[e];
        const float first = channel == EMG_NO_ELECTRODE ? 0.0f : millivolts[channel];
        for (int32_t s = 0; s < live->section_count; ++s, filter += 2) {
            filter[0] = live->sections[s].settled0 * first;
            filter[1] = live->sections[s].settled1 * first;
        }
    }
    state->started = 1;
}

static float filtered(const emg_live_t *live, float *filter, float x) {
    for (int32_t s = 0; s < live->section_count; ++s, filter += 2) {
        x = emg_section(&live->sections[s], filter, x);
    }
    return live->rectify && x < 0.0f ? -x : x;
}

static float reduced(emg_image_t image, float so_far, float x) {
    switch (image) {
    case EMG_IMAGE_RMS:
        return so_far + x * x;
    case EMG_IMAGE_MAV:
        return so_far + (x < 0.0f ? -x : x);
    default:
        return x;
    }
}

/* The block is full: sums of distances from its first sample become its mean and its spread around it. */
static void centre(const emg_live_t *live, emg_live_state_t *state, int32_t e, int32_t at) {
    const float total = state->means[at], shift = total / (float)live->block_samples;
    if (live->image == EMG_IMAGE_RMS) {
        state->values[at] = state->values[at] - total * shift;
    }
    state->means[at] = state->anchors[e] + shift;
}

static void accumulate(const emg_live_t *live, emg_live_state_t *state, int32_t e, float x) {
    const int32_t at = state->block * live->electrodes + e;
    const int first = state->sample == 0;
    float value = x;
    if (live->detrend) {
        state->anchors[e] = first ? x : state->anchors[e];
        const float away = x - state->anchors[e];
        state->means[at] = (first ? 0.0f : state->means[at]) + away;
        value = live->image == EMG_IMAGE_RMS ? away : x;
    }
    state->values[at] = reduced(live->image, first ? 0.0f : state->values[at], value);
    if (live->detrend && state->sample + 1 == live->block_samples) {
        centre(live, state, e, at);
    }
}

int emg_live_take(const emg_live_t *live, emg_live_state_t *state, const float *millivolts) {
    if (!state->started) {
        settle(live, state, millivolts);
    }
    for (int32_t e = 0; e < live->electrodes; ++e) {
        const int16_t channel = live->channels[e];
        const float x = channel == EMG_NO_ELECTRODE ? 0.0f : millivolts[channel];
        accumulate(live, state, e, filtered(live, state->filters + 2 * live->section_count * e, x));
    }
    if (++state->sample < live->block_samples) {
        return 0;
    }
    state->sample = 0;
    state->block = (state->block + 1) % blocks_of(live);
    if (--state->missing > 0) {
        return 0;
    }
    state->missing = live->blocks_per_stride;
    return 1;
}
