/* SPDX-License-Identifier: MIT */
#include "live.h"

#include "logarithm.h"
#include "root.h"

/* The number of block `block` of the window and electrode e; the ring's oldest block is the window's first.
 */
static float at(const emg_live_t *live, const emg_live_state_t *state, const float *ring, int32_t block,
                int32_t e) {
    const int32_t place = (state->block + block) % (live->frames * live->blocks_per_frame);
    return ring[place * live->electrodes + e];
}

static float sum(const emg_live_t *live, const emg_live_state_t *state, const float *ring, int32_t first,
                 int32_t count, int32_t e) {
    float total = 0.0f;
    for (int32_t k = 0; k < count; ++k) {
        total += at(live, state, ring, first + k, e);
    }
    return total;
}

/* The mean power of a part, around the window's mean if that is to go: the blocks' own spreads, and how far
 * the blocks lie from that mean. */
static float power(const emg_live_t *live, const emg_live_state_t *state, int32_t first, float mean,
                   int32_t e) {
    const float samples = (float)(live->block_samples * live->blocks_per_frame);
    if (!live->detrend) {
        return sum(live, state, state->values, first, live->blocks_per_frame, e) / samples;
    }
    float total = 0.0f;
    for (int32_t k = first; k < first + live->blocks_per_frame; ++k) {
        const float distance = at(live, state, state->means, k, e) - mean;
        const float spread = at(live, state, state->values, k, e);
        total += spread + (float)live->block_samples * distance * distance;
    }
    const float centred = total / samples;
    return centred > 0.0f ? centred : 0.0f;
}

static float pixel(const emg_live_t *live, const emg_live_state_t *state, int32_t frame, float mean,
                   int32_t e) {
    const int32_t count = live->blocks_per_frame, first = frame * count;
    switch (live->image) {
    case EMG_IMAGE_RMS:
        return emg_root(power(live, state, first, mean, e));
    case EMG_IMAGE_MAV:
        return sum(live, state, state->values, first, count, e) / (float)(live->block_samples * count);
    default:
        return at(live, state, state->values, first + count - 1, e) - mean;
    }
}

static float window_mean(const emg_live_t *live, const emg_live_state_t *state, int32_t e) {
    const int32_t blocks = live->frames * live->blocks_per_frame;
    if (!live->detrend) {
        return 0.0f;
    }
    return sum(live, state, state->means, 0, blocks, e) / (float)blocks;
}

static void standardise(float *image, int32_t length) {
    float mean = 0.0f, square = 0.0f;
    for (int32_t i = 0; i < length; ++i) {
        mean += image[i];
    }
    mean /= (float)length;
    for (int32_t i = 0; i < length; ++i) {
        image[i] -= mean;
        square += image[i] * image[i];
    }
    const float deviation = emg_root(square / (float)length);
    if (deviation > 1e-12f) {
        for (int32_t i = 0; i < length; ++i) {
            image[i] /= deviation;
        }
    }
}

static void normalise(const emg_live_t *live, float *image) {
    const int32_t step = live->normalise == EMG_NORMALISE_ELECTRODE;
    if (live->normalise == EMG_NORMALISE_FRAME) {
        standardise(image, live->frames * live->electrodes);
    } else if (live->normalise != EMG_NORMALISE_NONE) {
        for (int32_t frame = 0; frame < live->frames; ++frame) {
            for (int32_t e = 0; e < live->electrodes; ++e, ++image) {
                *image = (*image - live->mean[step * e]) / live->std[step * e];
            }
        }
    }
}

static void clear_gaps(const emg_live_t *live, float *image) {
    for (int32_t frame = 0; frame < live->frames; ++frame) {
        for (int32_t e = 0; e < live->electrodes; ++e, ++image) {
            *image = live->channels[e] == EMG_NO_ELECTRODE ? 0.0f : *image;
        }
    }
}

void emg_live_image(const emg_live_t *live, const emg_live_state_t *state, float *image) {
    for (int32_t e = 0; e < live->electrodes; ++e) {
        const float mean = window_mean(live, state, e);
        for (int32_t frame = 0; frame < live->frames; ++frame) {
            const float value = pixel(live, state, frame, mean, e);
            image[frame * live->electrodes + e] =
                live->logarithm ? emg_logarithm(value + live->log_epsilon) : value;
        }
    }
    normalise(live, image);
    clear_gaps(live, image);
}
