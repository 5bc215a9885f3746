#include "pointwise_dsp_s8.h"

#include "gemm_group.h"
#include "widen.h"

void emg_pointwise_dsp_s8(const emg_pointwise_dsp_s8_t *layer, const int8_t *in, int8_t *out,
                          int8_t *scratch) {
    const int32_t groups = (layer->pixels + EMG_GROUP - 1) / EMG_GROUP;
    uint32_t *patches = (uint32_t *)(void *)scratch;
    for (int32_t i = 0; i < groups; ++i) {
        const int32_t first = EMG_GROUP * (layer->backward ? groups - 1 - i : i);
        const int32_t left = layer->pixels - first;
        const int8_t *from = in + first * layer->in_channels;
        if (left >= EMG_GROUP) {
            const int8_t *second = from + layer->in_channels;
            (void)emg_widen_three(from, second, second + layer->in_channels, layer->in_channels, patches);
        } else {
            for (int32_t p = 0; p < left; ++p) {
                (void)emg_widen(from + p * layer->in_channels, layer->in_channels, patches + p, EMG_GROUP);
            }
        }
        emg_gemm_group(layer->stream, &layer->gemm, scratch, left, layer->out_channels,
                       out + first * layer->out_channels);
    }
}
