/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_DSP_WIDEN_PAIRS_S8_H
#define EMG_KERNELS_DSP_WIDEN_PAIRS_S8_H

#include <stdint.h>

typedef struct {
    int32_t rows;        /* of a patch */
    int32_t words;       /* whole words of a row */
    int32_t rest;        /* bytes of a row behind them */
    int32_t next;        /* bytes from the first pixel's row to the second one's */
    int32_t down;        /* bytes from a row's end to the next one's start */
    int32_t second_rest; /* bytes of a pixel's rest, that is of what the rows leave over */
    int32_t rest_words;  /* the same in words, rounded up */
    int32_t across;      /* bytes from the end of a pair's last row, plus down, to the next pair's first */
} emg_widen_pairs_t;

/* The patches of `pairs` pairs of pixels: of each word of both pixels in turn bytes 0 and 2 as halfwords,
 * then bytes 1 and 3; first the whole words of each row, then what the rows leave over, which is put
 * together in `rest`: room for both pixels' bytes and 3 more. */
void emg_widen_pairs_s8(const int8_t *from, int32_t pairs, uint32_t *to, const emg_widen_pairs_t *how,
                        int8_t *rest);

#endif
