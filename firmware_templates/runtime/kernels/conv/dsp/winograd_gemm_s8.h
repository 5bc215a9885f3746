/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_DSP_WINOGRAD_GEMM_S8_H
#define EMG_KERNELS_DSP_WINOGRAD_GEMM_S8_H

#include <stdint.h>

/* For each of 16 places of a transformed tile the sums of four output channels for two tiles:
 * sums[place][channel] [tile], over `steps` pairs of input channels, a multiple of 8.
 *
 * `tiles`: [place][step][tile], `weights`: [place][step][channel], both words of two halfwords. */
void emg_winograd_gemm_s8(const uint32_t *tiles, const uint32_t *weights, int32_t *sums, int32_t steps);

#endif
