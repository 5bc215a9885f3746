/* SPDX-License-Identifier: MIT */
#include "depthwise_fast_s8.h"

#include "depthwise_lines_s8.h"

static void blocks_of_four(const emg_depthwise_dsp_t *layer, const uint32_t *const line[3],
                           const emg_depthwise_channel_t *channels, int8_t *out) {
    const emg_depthwise_lines_t *shape = &layer->line;
    if (layer->position_stride == 2 && shape->rectified) {
        emg_depthwise_four_stride2_rectified_s8(line, channels, out, shape);
    } else if (layer->position_stride == 2) {
        emg_depthwise_four_stride2_s8(line, channels, out, shape);
    } else if (shape->rectified) {
        emg_depthwise_four_rectified_s8(line, channels, out, shape);
    } else {
        emg_depthwise_four_s8(line, channels, out, shape);
    }
}

static void blocks_of_six(const emg_depthwise_dsp_t *layer, const uint32_t *const line[3],
                          const emg_depthwise_channel_t *channels, int8_t *out) {
    const emg_depthwise_lines_t *shape = &layer->line;
    if (shape->single && shape->rectified) {
        emg_depthwise_single_six_rectified_s8(line, channels, out, shape);
    } else if (shape->single) {
        emg_depthwise_single_six_s8(line, channels, out, shape);
    } else if (layer->position_stride == 2 && shape->rectified) {
        emg_depthwise_six_stride2_rectified_s8(line, channels, out, shape);
    } else if (layer->position_stride == 2) {
        emg_depthwise_six_stride2_s8(line, channels, out, shape);
    } else if (shape->rectified) {
        emg_depthwise_six_rectified_s8(line, channels, out, shape);
    } else {
        emg_depthwise_six_s8(line, channels, out, shape);
    }
}

static void compute(const emg_depthwise_dsp_t *layer, const uint32_t *const line[3],
                    const emg_depthwise_channel_t *channels, int8_t *out) {
    if (layer->line.block == 6) {
        blocks_of_six(layer, line, channels, out);
    } else {
        blocks_of_four(layer, line, channels, out);
    }
}

#define EMG_DEPTHWISE_COMPUTE compute
#include "depthwise_walk.h"

void emg_depthwise_fast_s8(const emg_depthwise_fast_s8_t *layer, const int8_t *in, int8_t *out,
                           int8_t *scratch) {
    const emg_depthwise_dsp_t *walk = &layer->walk;
    const emg_depthwise_channel_t *channels = (const emg_depthwise_channel_t *)(const void *)layer->channels;
    workspace_t w = {channels, (uint32_t *)(void *)scratch, scratch + 4 * plane_words(walk)};
    put_padding(walk, w.lines);
    for (int32_t c = 0; c < walk->channel_count; c += CHANNELS, w.channels += CHANNELS) {
        four_channels(walk, &w, in + c, out + c);
    }
}
