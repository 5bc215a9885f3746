/* SPDX-License-Identifier: MIT */
/* 16-bit activations: 64-bit accumulators and their way back to the output's quantization. */
#ifndef EMG_KERNELS_WIDE_H
#define EMG_KERNELS_WIDE_H

#include <stdint.h>

typedef struct {
    const int32_t *bias;
    const int32_t *bias_high; /* upper halves, or 0 where every bias fits 32 bits */
    const int16_t *multiplier;
    const int8_t *shift;
    int32_t low; /* the fused activation's range */
    int32_t high;
} emg_wide_channels_t;

static inline int64_t emg_wide_bias(const emg_wide_channels_t *channels, int32_t channel) {
    if (!channels->bias_high) {
        return channels->bias[channel];
    }
    return (int64_t)channels->bias_high[channel] * ((int64_t)1 << 32) + (uint32_t)channels->bias[channel];
}

/* acc * multiplier * 2^(shift - 15), rounded once, ties toward plus infinity; |acc| < 2^47. */
static inline int16_t emg_wide_output(const emg_wide_channels_t *channels, int32_t channel, int64_t acc) {
    const int32_t total = 15 - channels->shift[channel];
    const int64_t scaled = acc * channels->multiplier[channel] + ((int64_t)1 << (total - 1));
    const int32_t q = (int32_t)(scaled >> total);
    return (int16_t)(q < channels->low ? channels->low : (q > channels->high ? channels->high : q));
}

#endif
