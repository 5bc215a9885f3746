/* SPDX-License-Identifier: MIT */
/* Four sums in one vector to the output's quantization: assembler macros shared by the kernels here. */
#ifndef EMG_KERNELS_MVE_REQUANTIZE_MVE_H
#define EMG_KERNELS_MVE_REQUANTIZE_MVE_H

#include "mve.h"

#if EMG_MVE_ASM

/* vqrdmulh rounds as the reference's high multiply does. vrshl rounds ties up where the reference
 * takes them away from zero: one less for negative numbers makes that the same, and it does not
 * matter where the output is rectified. */
#define EMG_REQUANTIZE_MACROS                                                                                \
    ".macro emg_scale sum, bias, multiplier, spare, rectified\n"                                             \
    "    vadd.i32 \\sum, \\sum, \\bias\n"                                                                    \
    "    vqrdmulh.s32 \\sum, \\sum, \\multiplier\n"                                                          \
    "    .if \\rectified == 0\n"                                                                             \
    "    vshr.s32 \\spare, \\sum, #31\n"                                                                     \
    "    vadd.i32 \\sum, \\sum, \\spare\n"                                                                   \
    "    .endif\n"                                                                                           \
    ".endm\n" /* zero_point a register; the low byte of each lane is the output */                           \
    ".macro emg_place sum, shift, zero_point\n"                                                              \
    "    vrshl.s32 \\sum, \\sum, \\shift\n"                                                                  \
    "    vadd.i32 \\sum, \\sum, \\zero_point\n"                                                              \
    ".endm\n"                                                                                                \
    ".macro emg_saturate sum\n"                                                                              \
    "    vqmovnb.s32 \\sum, \\sum\n"                                                                         \
    "    vqmovnb.s16 \\sum, \\sum\n"                                                                         \
    ".endm\n"

#else

#include "../requantize.h"

/* shift: negative, as the vector instruction takes it. */
static inline int8_t emg_requantize_mve(int32_t sum, int32_t multiplier, int32_t shift, int32_t zero_point,
                                        int32_t low, int32_t high) {
    return (int8_t)emg_clamp(emg_requantize(sum, multiplier, shift) + zero_point, low, high);
}

#endif

#endif
