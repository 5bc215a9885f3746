/* SPDX-License-Identifier: MIT */
/* The few DSP-extension operations the kernels need, with portable equivalents.
 *
 * The portable forms let the same generated model run, bit for bit, on any host and core. */
#ifndef EMG_KERNELS_DSP_SIMD_H
#define EMG_KERNELS_DSP_SIMD_H

#include <stdint.h>
#include <string.h>

#include "../assembly.h"

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && defined(__thumb2__)
#define EMG_DSP_ASM 1
#else
#define EMG_DSP_ASM 0
#endif

/* Four bytes at any address. */
static inline uint32_t emg_load4(const int8_t *at) {
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* Bytes 0 and 2 of `x`, sign-extended to halfwords. */
static inline uint32_t emg_even_bytes(uint32_t x) {
#if EMG_DSP_ASM
    uint32_t r;
    __asm__("sxtb16 %0, %1" : "=r"(r) : "r"(x));
    return r;
#else
    const uint32_t low = (uint32_t)(int32_t)(int8_t)(x & 0xffu) & 0xffffu;
    return low | (uint32_t)(int32_t)(int8_t)((x >> 16) & 0xffu) << 16;
#endif
}

/* Bytes 1 and 3 of `x`, sign-extended to halfwords. */
static inline uint32_t emg_odd_bytes(uint32_t x) {
#if EMG_DSP_ASM
    uint32_t r;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(r) : "r"(x));
    return r;
#else
    return emg_even_bytes(x >> 8);
#endif
}

/* Two words of inputs as four of pairs. */
static inline uint32_t *emg_put_pairs(uint32_t a, uint32_t b, uint32_t *to) {
    to[0] = emg_even_bytes(a);
    to[1] = emg_even_bytes(b);
    to[2] = emg_odd_bytes(a);
    to[3] = emg_odd_bytes(b);
    return to + 4;
}

/* The same in assembly, through r10 and r11 to r2, which moves on; its operands change. Its file ends
 * with EMG_ASM_FORGET_PAIRS, so that a linker may put files together. */
#define EMG_ASM_PUT_PAIRS                                                                                    \
    ".macro emg_put_pairs a, b\n"                                                                            \
    "    sxtb16 r10, \\a\n"                                                                                  \
    "    sxtb16 r11, \\b\n"                                                                                  \
    "    sxtb16 \\a, \\a, ror #8\n"                                                                          \
    "    sxtb16 \\b, \\b, ror #8\n"                                                                          \
    "    str r10, [r2], #4\n"                                                                                \
    "    str r11, [r2], #4\n"                                                                                \
    "    str \\a, [r2], #4\n"                                                                                \
    "    str \\b, [r2], #4\n"                                                                                \
    ".endm\n"
#define EMG_ASM_FORGET_PAIRS ".purgem emg_put_pairs\n"

/* The low halfwords of `a` and `b`, a's first. */
static inline uint32_t emg_pack_low(uint32_t a, uint32_t b) {
#if EMG_DSP_ASM
    uint32_t r;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(r) : "r"(a), "r"(b));
    return r;
#else
    return (a & 0xffffu) | b << 16;
#endif
}

/* The high halfwords of `a` and `b`, a's first. */
static inline uint32_t emg_pack_high(uint32_t a, uint32_t b) {
#if EMG_DSP_ASM
    uint32_t r;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(r) : "r"(b), "r"(a));
    return r;
#else
    return a >> 16 | (b & 0xffff0000u);
#endif
}

static inline int32_t emg_low_half(uint32_t x) {
    return (int16_t)(x & 0xffffu);
}

static inline int32_t emg_high_half(uint32_t x) {
    return (int16_t)(x >> 16);
}

/* Both halfwords of a + b and of a - b. */
static inline uint32_t emg_add_halves(uint32_t a, uint32_t b) {
#if EMG_DSP_ASM
    uint32_t r;
    __asm__("sadd16 %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));
    return r;
#else
    return ((a + b) & 0xffffu) | ((a >> 16) + (b >> 16)) << 16;
#endif
}

static inline uint32_t emg_sub_halves(uint32_t a, uint32_t b) {
#if EMG_DSP_ASM
    uint32_t r;
    __asm__("ssub16 %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));
    return r;
#else
    return ((a - b) & 0xffffu) | ((a >> 16) - (b >> 16)) << 16;
#endif
}

#endif
