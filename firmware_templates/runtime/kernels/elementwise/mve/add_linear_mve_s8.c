/* SPDX-License-Identifier: MIT */
#include "add_linear_mve_s8.h"

#include "../../support/mve/mve.h"

#if EMG_MVE_ASM

/* VQSHRN would shift and saturate at once, but GNU as up to 2.40 at least writes the rounding VQRSHRN for it.
 */
void emg_add_linear_mve_s8(const emg_add_linear_mve_s8_t *layer, const int8_t *a, const int8_t *b,
                           int8_t *out) {
    __asm__ volatile("wlstp.32 lr, %[length], 2f\n"
                     "1:\n\t"
                     "vldrb.s32 q0, [%[a]], #4\n\t"
                     "vldrb.s32 q1, [%[b]], #4\n\t"
                     "vmul.i32 q0, q0, %[a_weight]\n\t"
                     "vmla.s32 q0, q1, %[b_weight]\n\t"
                     "vadd.i32 q0, q0, %[offset]\n\t"
                     "vshr.s32 q0, q0, #22\n\t"
                     "vqmovnb.s32 q0, q0\n\t"
                     "vqmovnb.s16 q0, q0\n\t"
                     "vstrb.32 q0, [%[out]], #4\n\t"
                     "letp lr, 1b\n"
                     "2:"
                     : [a] "+l"(a), [b] "+l"(b), [out] "+l"(out)
                     : [length] "r"(layer->length), [a_weight] "r"(layer->a_weight),
                       [b_weight] "r"(layer->b_weight), [offset] "r"(layer->offset)
                     : "lr", "q0", "q1", "memory");
}

#else

void emg_add_linear_mve_s8(const emg_add_linear_mve_s8_t *layer, const int8_t *a, const int8_t *b,
                           int8_t *out) {
    emg_add_linear_s8(layer, a, b, out);
}

#endif
