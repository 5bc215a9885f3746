/* Inputs as halfword pairs: (0, 2), (1, 3), (4, 6), (5, 7) and so on. */
#ifndef EMG_KERNELS_DSP_WIDEN_H
#define EMG_KERNELS_DSP_WIDEN_H

#include "simd.h"

enum { EMG_GROUP = 3 };

/* `length` inputs to words `apart` words apart; the last four are filled up with zeros. */
static inline uint32_t *emg_widen(const int8_t *from, int32_t length, uint32_t *to, int32_t apart) {
    for (; length >= 4; length -= 4) {
        const uint32_t word = emg_load4(from);
        from += 4;
        to[0] = emg_even_bytes(word);
        to[apart] = emg_odd_bytes(word);
        to += 2 * apart;
    }
    if (length > 0) {
        int8_t last[4] = {0, 0, 0, 0};
        memcpy(last, from, (size_t)length);
        to[0] = emg_even_bytes(emg_load4(last));
        to[apart] = emg_odd_bytes(emg_load4(last));
        to += 2 * apart;
    }
    return to;
}

#endif
