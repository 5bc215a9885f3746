#include "pointwise_dsp_s8.h"

#include <string.h>

#include "gemm_group.h"
#include "widen.h"

/* Four channels of three pixels at a time. */
static void widen_three(const int8_t *in, int32_t channels, uint32_t *to) {
    const int8_t *second = in + channels;
    const int8_t *third = second + channels;
    for (const int8_t *end = second; in != end; in += 4, second += 4, third += 4, to += 2 * EMG_GROUP) {
        const uint32_t a = emg_load4(in), b = emg_load4(second), c = emg_load4(third);
        to[0] = emg_even_bytes(a);
        to[1] = emg_even_bytes(b);
        to[2] = emg_even_bytes(c);
        to[3] = emg_odd_bytes(a);
        to[4] = emg_odd_bytes(b);
        to[5] = emg_odd_bytes(c);
    }
}

void emg_pointwise_dsp_s8(const emg_pointwise_dsp_s8_t *layer, const int8_t *in, int8_t *out, int8_t *scratch) {
    const int32_t groups = (layer->pixels + EMG_GROUP - 1) / EMG_GROUP;
    uint32_t *patches = (uint32_t *)(void *)scratch;
    for (int32_t i = 0; i < groups; ++i) {
        const int32_t first = EMG_GROUP * (layer->backward ? groups - 1 - i : i);
        const int32_t left = layer->pixels - first;
        const int8_t *from = in + first * layer->in_channels;
        if (left >= EMG_GROUP) {
            widen_three(from, layer->in_channels, patches);
        } else {
            for (int32_t p = 0; p < left; ++p) {
                (void)emg_widen(from + p * layer->in_channels, layer->in_channels, patches + p, EMG_GROUP);
            }
        }
        emg_gemm_group(layer->stream, &layer->gemm, scratch, left, layer->out_channels,
                       out + first * layer->out_channels);
    }
}
