/* SPDX-License-Identifier: MIT */
#include "live.h"

#include <float.h>

static int32_t blocks_of(const emg_live_t *live) {
    return live->frames * live->blocks_per_frame;
}

void emg_live_start(const emg_live_t *live, emg_live_state_t *state) {
    state->sample = 0;
    state->block = 0;
    state->missing = blocks_of(live);
    state->started = 0;
    state->good = 0;
    state->bad = 0;
    state->taken = 0;
    emg_decide_start(&state->decider);
}

/* No electrode has a good value yet, which a value that none can have says. */
static void begin(const emg_live_t *live, emg_live_state_t *state) {
    for (int32_t e = 0; state->last != 0 && e < live->electrodes; ++e) {
        state->last[e] = FLT_MAX;
    }
    for (int32_t k = 0; k < 2 * live->section_count * live->electrodes; ++k) {
        state->filters[k] = 0.0f;
    }
}

static int known(const emg_live_state_t *state, int32_t e) {
    return state->last != 0 ? state->last[e] < FLT_MAX : state->started;
}

/* An electrode's filters as if this sample had been there for ever, so that its offset does not ring. */
static void settle(const emg_live_t *live, float *filters, int32_t e, float first) {
    for (int32_t s = 0; s < live->section_count; ++s, filters += 2 * live->electrodes) {
        filters[e] = live->sections[s].settled0 * first;
        filters[live->electrodes + e] = live->sections[s].settled1 * first;
    }
}

/* False also for what is no number. */
static int is_good(const emg_live_t *live, float x) {
    if (live->lowest < live->highest) {
        return x >= live->lowest && x <= live->highest;
    }
    return x >= -EMG_LIVE_WIDEST && x <= EMG_LIVE_WIDEST;
}

/* The electrode's value, or what stands for a bad one. */
static float accepted(const emg_live_t *live, emg_live_state_t *state, int32_t e, float x, int *all_good) {
    if (!is_good(live, x)) {
        *all_good = 0;
        state->bad += state->bad < UINT32_MAX;
        return state->last != 0 && known(state, e) ? state->last[e] : 0.0f;
    }
    if (!known(state, e)) {
        settle(live, state->filters, e, x);
    }
    if (state->last != 0) {
        state->last[e] = x;
    }
    return x;
}

static void count(const emg_live_t *live, emg_live_state_t *state, int all_good) {
    const int32_t window = live->block_samples * blocks_of(live);
    state->good = !all_good ? 0 : (state->good < window ? state->good + 1 : window);
    state->taken++;
    state->started = 1;
}

/* The block is full: sums of distances from its first sample become its mean and its spread around it. */
static void centre(const emg_live_t *live, emg_live_state_t *state, int32_t e, int32_t at) {
    const float total = state->means[at], shift = total / (float)live->block_samples;
    if (live->image == EMG_IMAGE_RMS) {
        state->values[at] = state->values[at] - total * shift;
    }
    state->means[at] = state->anchors[e] + shift;
}

static void add_level(const emg_live_t *live, emg_live_state_t *state) {
    float sum = state->sample == 0 ? 0.0f : state->levels[state->block];
    for (int32_t e = 0; e < live->electrodes; ++e) {
        const float x = state->row[e];
        sum += x < 0.0f ? -x : x;
    }
    state->levels[state->block] = sum;
}

/* Sums around the window's mean, which is not known yet. */
static void add_around_mean(const emg_live_t *live, emg_live_state_t *state, int32_t e, float x) {
    const int32_t at = state->block * live->electrodes + e;
    const int first = state->sample == 0;
    state->anchors[e] = first ? x : state->anchors[e];
    const float away = x - state->anchors[e];
    const float total = first ? 0.0f : state->means[at], so_far = first ? 0.0f : state->values[at];
    state->means[at] = total + away;
    state->values[at] = live->image == EMG_IMAGE_RMS ? so_far + away * away : x;
    if (state->sample + 1 == live->block_samples) {
        centre(live, state, e, at);
    }
}

/* The loops of the images apart, for they are run at each sample. */
static void add_row(const emg_live_t *live, emg_live_state_t *state) {
    const int32_t count = live->electrodes;
    const float *const row = state->row;
    float *const values = state->values + state->block * count;
    for (int32_t e = 0; state->sample == 0 && e < count; ++e) {
        values[e] = 0.0f;
    }
    switch (live->image) {
    case EMG_IMAGE_RMS:
        for (int32_t e = 0; e < count; ++e) {
            values[e] += row[e] * row[e];
        }
        break;
    case EMG_IMAGE_MAV:
        for (int32_t e = 0; e < count; ++e) {
            values[e] += row[e] < 0.0f ? -row[e] : row[e];
        }
        break;
    default:
        for (int32_t e = 0; e < count; ++e) {
            values[e] = row[e];
        }
    }
}

static void filter(const emg_live_t *live, emg_live_state_t *state) {
    const int32_t count = live->electrodes;
    for (int32_t s = 0; s < live->section_count; ++s) {
        emg_section_row(&live->sections[s], state->filters + 2 * s * count, state->row, count);
    }
    for (int32_t e = 0; live->rectify && e < count; ++e) {
        state->row[e] = state->row[e] < 0.0f ? -state->row[e] : state->row[e];
    }
}

/* millivolts: null for a sample that never came. */
static int take(const emg_live_t *live, emg_live_state_t *state, const float *millivolts) {
    int all_good = millivolts != 0;
    if (!state->started) {
        begin(live, state);
    }
    for (int32_t e = 0; e < live->electrodes; ++e) {
        const int16_t channel = live->channels[e];
        const float came = millivolts != 0 && channel != EMG_NO_ELECTRODE ? millivolts[channel] : FLT_MAX;
        state->row[e] = accepted(live, state, e, channel == EMG_NO_ELECTRODE ? 0.0f : came, &all_good);
    }
    filter(live, state);
    if (state->levels != 0) {
        add_level(live, state);
    }
    for (int32_t e = 0; live->detrend && e < live->electrodes; ++e) {
        add_around_mean(live, state, e, state->row[e]);
    }
    if (!live->detrend) {
        add_row(live, state);
    }
    count(live, state, all_good);
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

int emg_live_take(const emg_live_t *live, emg_live_state_t *state, const float *millivolts) {
    return take(live, state, millivolts);
}

int emg_live_lose(const emg_live_t *live, emg_live_state_t *state) {
    return take(live, state, 0);
}

int emg_live_sure(const emg_live_t *live, const emg_live_state_t *state) {
    return state->good >= live->block_samples * blocks_of(live);
}

float emg_live_level(const emg_live_t *live, const emg_live_state_t *state) {
    const int32_t blocks = blocks_of(live);
    float total = 0.0f;
    if (state->levels == 0) {
        return 0.0f;
    }
    for (int32_t k = 0; k < blocks; ++k) { /* the oldest first */
        total += state->levels[(state->block + k) % blocks];
    }
    return total / (float)(blocks * live->block_samples * live->electrodes);
}

emg_decision_t emg_live_decide(const emg_live_t *live, emg_live_state_t *state, const float *outputs,
                               int32_t count) {
    emg_found_t found = {EMG_NO_CLASS, 0};
    if (emg_live_sure(live, state)) {
        found = emg_decide_class(&live->rules, outputs, count);
    }
    return emg_decide(&live->rules, &state->decider, state->taken, found, emg_live_level(live, state));
}
