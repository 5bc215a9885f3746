/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_PAD_H
#define EMG_KERNELS_PAD_H

#include <stdint.h>

typedef struct {
    int32_t in_shape[4]; /* the last axis in bytes */
    int32_t out_shape[4];
    int32_t before[4];
    int8_t value; /* of every byte; the zero point of wider types is 0 */
} emg_pad_t;

/* PAD of any element type. It goes from the last row to the first, so that `out` may begin where
 * `in` does. */
void emg_pad(const emg_pad_t *layer, const int8_t *in, int8_t *out);

#endif
