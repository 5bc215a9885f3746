#ifndef EMG_KERNELS_DSP_CONV_DSP_S8_H
#define EMG_KERNELS_DSP_CONV_DSP_S8_H

#include <stdint.h>

#include "gemm_3px_s8.h"

typedef struct {
    const int32_t *stream; /* see gemm_3px_s8.h */
    emg_gemm_3px_s8_t gemm;
    int16_t in_h, in_w, in_channels;
    int16_t out_h, out_w, out_channels;
    int16_t kernel_h, kernel_w;
    int16_t stride_h, stride_w;
    int16_t dilation_h, dilation_w;
    int16_t pad_top, pad_left;
    int16_t run_taps; /* taps that lie side by side: kernel_w, or 1 when they are dilated */
    int8_t in_zero_point;
    int8_t backward; /* nonzero: from the last group of pixels to the first */
} emg_conv_dsp_s8_t;

/* CONV_2D, int8, three pixels at a time. `scratch` holds 12 * gemm.steps bytes for their patches,
 * then room for a run of bytes or, where a group is cut short or the last channel has no partner,
 * 3 * gemm.stride bytes of outputs. The patches are copied before anything is written, so `out`
 * may overlap `in` as the memory plan allows. */
void emg_conv_dsp_s8(const emg_conv_dsp_s8_t *layer, const int8_t *in, int8_t *out, int8_t *scratch);

#endif
