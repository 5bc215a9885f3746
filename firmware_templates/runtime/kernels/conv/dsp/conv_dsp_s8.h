/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_DSP_CONV_DSP_S8_H
#define EMG_KERNELS_DSP_CONV_DSP_S8_H

#include <stdint.h>

#include "gemm_4ch_s8.h"

typedef struct {
    const int32_t *stream; /* see gemm_4ch_s8.h */
    emg_gemm_4ch_s8_t gemm;
    int16_t in_h, in_w, in_channels;
    int16_t out_h, out_w, out_channels;
    int16_t kernel_h, kernel_w;
    int16_t stride_h, stride_w;
    int16_t dilation_h, dilation_w;
    int16_t pad_top, pad_left;
    int16_t run_taps;     /* taps that lie side by side: kernel_w, or 1 when they are dilated */
    int16_t batch;        /* pairs of neighbouring pixels whose patches are gathered at once */
    int8_t in_zero_point; /* what stands around the image */
    int8_t backward;      /* nonzero: from the last pixels to the first */
} emg_conv_dsp_s8_t;

/* CONV_2D, int8, two pixels of a row at a time, or `batch` such pairs; the last pixel of an odd row alone.
 *
 * `scratch` holds 8 * gemm.steps bytes for the patches of each pair of a batch, then room for the bytes of
 * a pair's window, or, where the last quad of channels is cut short, for a batch's outputs. Patches are
 * copied before anything is written, so `out` may overlap `in` as the memory plan allows. */
void emg_conv_dsp_s8(const emg_conv_dsp_s8_t *layer, const int8_t *in, int8_t *out, int8_t *scratch);

#endif
