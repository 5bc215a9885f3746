/* SPDX-License-Identifier: MIT */
/* Bytes of inputs on their way into the patches of three pixels (gemm_mve_s8.h). */
#ifndef EMG_KERNELS_MVE_PATCHES_H
#define EMG_KERNELS_MVE_PATCHES_H

#include <string.h>

#include "../../support/mve/mve.h"

#define EMG_PIXELS 3

#if EMG_MVE_ASM
/* `length` bytes in vectors that stand `step` bytes apart in `to`; moves both pointers. */
#define EMG_COPY_VECTORS(from, length, to, step)                                                             \
    __asm__ volatile("wlstp.8 lr, %[left], 2f\n"                                                             \
                     "1:\n\t"                                                                                \
                     "vldrb.8 q0, [%[from]], #16\n\t"                                                        \
                     "vstrb.8 q0, [%[to]], #" step "\n\t"                                                    \
                     "letp lr, 1b\n"                                                                         \
                     "2:"                                                                                    \
                     : [from] "+r"(from), [to] "+r"(to)                                                      \
                     : [left] "r"(length)                                                                    \
                     : "lr", "q0", "memory")
#endif

/* One pixel's `length` bytes into every third vector of `to`. */
static inline void emg_put_patch(const int8_t *from, int32_t length, int8_t *to) {
#if EMG_MVE_ASM
    EMG_COPY_VECTORS(from, length, to, "48");
#else
    for (; length > 0; length -= EMG_VECTOR) {
        memcpy(to, from, (size_t)(length < EMG_VECTOR ? length : EMG_VECTOR));
        from += EMG_VECTOR;
        to += EMG_PIXELS * EMG_VECTOR;
    }
#endif
}

/* Three pixels of `length` bytes, one after the other. */
static inline void emg_put_three(const int8_t *from, int32_t length, int8_t *to) {
#if EMG_MVE_ASM
    const int8_t *second = from + length, *third = second + length;
    __asm__ volatile("wlstp.8 lr, %[left], 2f\n"
                     "1:\n\t"
                     "vldrb.8 q0, [%[from]], #16\n\t"
                     "vldrb.8 q1, [%[second]], #16\n\t"
                     "vldrb.8 q2, [%[third]], #16\n\t"
                     "vstrb.8 q1, [%[to], #16]\n\t"
                     "vstrb.8 q2, [%[to], #32]\n\t"
                     "vstrb.8 q0, [%[to]], #48\n\t"
                     "letp lr, 1b\n"
                     "2:"
                     : [from] "+r"(from), [second] "+r"(second), [third] "+r"(third), [to] "+r"(to)
                     : [left] "r"(length)
                     : "lr", "q0", "q1", "q2", "memory");
#else
    for (int32_t p = 0; p < EMG_PIXELS; ++p) {
        emg_put_patch(from + p * length, length, to + p * EMG_VECTOR);
    }
#endif
}

/* `length` bytes, 1 or more; much shorter than the library's for the few bytes of a window's row. */
static inline void emg_copy(const int8_t *from, int32_t length, int8_t *to) {
#if EMG_MVE_ASM
    EMG_COPY_VECTORS(from, length, to, "16");
#else
    memcpy(to, from, (size_t)length);
#endif
}

#endif
