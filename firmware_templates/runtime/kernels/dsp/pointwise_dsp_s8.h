#ifndef EMG_KERNELS_DSP_POINTWISE_DSP_S8_H
#define EMG_KERNELS_DSP_POINTWISE_DSP_S8_H

#include <stdint.h>

#include "gemm_3px_s8.h"

typedef struct {
    const int32_t *stream; /* see gemm_3px_s8.h */
    emg_gemm_3px_s8_t gemm;
    int32_t pixels;
    int32_t in_channels; /* a multiple of 4 */
    int32_t out_channels;
    int32_t backward; /* nonzero: from the last group of pixels to the first */
} emg_pointwise_dsp_s8_t;

/* CONV_2D, int8, window 1 x 1, stride 1. `scratch` holds 12 * gemm.steps bytes, then 3 * gemm.stride
 * bytes where a group is cut short or the last channel has no partner. Three pixels are copied
 * before their outputs are written, so `out` may overlap `in` as the memory plan allows. */
void emg_pointwise_dsp_s8(const emg_pointwise_dsp_s8_t *layer, const int8_t *in, int8_t *out,
                          int8_t *scratch);

#endif
