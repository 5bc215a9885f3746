/* SPDX-License-Identifier: MIT */
/* Inputs as halfword pairs: of every four, (0, 2) and (1, 3). */
#ifndef EMG_KERNELS_DSP_WIDEN_H
#define EMG_KERNELS_DSP_WIDEN_H

#include "../../support/dsp/simd.h"

enum { EMG_GROUP = 2 };

/* The last one to three bytes of a run as a word. The weights of the lanes behind them are zero. */
static inline uint32_t emg_load_tail(const int8_t *from, int32_t length) {
    uint32_t word = (uint8_t)from[0];
    if (length > 1) {
        word |= (uint32_t)(uint8_t)from[1] << 8;
    }
    if (length > 2) {
        word |= (uint32_t)(uint8_t)from[2] << 16;
    }
    return word;
}

/* A run of `length` inputs, filled up to whole words, to words `apart` words apart. */
static inline uint32_t *emg_widen(const int8_t *from, int32_t length, uint32_t *to, int32_t apart) {
    for (; length >= 16; length -= 16, from += 16, to += 8 * apart) {
        const uint32_t a = emg_load4(from), b = emg_load4(from + 4);
        const uint32_t c = emg_load4(from + 8), d = emg_load4(from + 12);
        to[0] = emg_even_bytes(a);
        to[apart] = emg_odd_bytes(a);
        to[2 * apart] = emg_even_bytes(b);
        to[3 * apart] = emg_odd_bytes(b);
        to[4 * apart] = emg_even_bytes(c);
        to[5 * apart] = emg_odd_bytes(c);
        to[6 * apart] = emg_even_bytes(d);
        to[7 * apart] = emg_odd_bytes(d);
    }
    for (; length >= 4; length -= 4, from += 4, to += 2 * apart) {
        const uint32_t word = emg_load4(from);
        to[0] = emg_even_bytes(word);
        to[apart] = emg_odd_bytes(word);
    }
    if (length > 0) {
        const uint32_t word = emg_load_tail(from, length);
        to[0] = emg_even_bytes(word);
        to[apart] = emg_odd_bytes(word);
        to += 2 * apart;
    }
    return to;
}

#endif
