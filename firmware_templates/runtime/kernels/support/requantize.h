/* SPDX-License-Identifier: MIT */
/* From a 32-bit accumulator to the output's quantization, bit for bit as TFLite's reference kernels do it. */
#ifndef EMG_KERNELS_REQUANTIZE_H
#define EMG_KERNELS_REQUANTIZE_H

#include <stdint.h>

/* a * b: the high word, and the upper half of the low word in the lowest 16 bits of `middle`.
 * Where the processor multiplies 32 bits by 32 bits into 32, four products of halves take the place of a
 * subroutine. */
typedef struct {
    int32_t high;
    uint32_t middle;
} emg_product_t;

static inline emg_product_t emg_product(int32_t a, int32_t b) {
    emg_product_t product;
#if defined(__ARM_ARCH_6M__)
    const int32_t low = (int32_t)((uint32_t)a & 0xffffu), high = a >> 16;
    const int32_t b_low = (int32_t)((uint32_t)b & 0xffffu), b_high = b >> 16;
    const int32_t first = high * b_low + (int32_t)((uint32_t)low * (uint32_t)b_low >> 16);
    const int32_t second = low * b_high + (int32_t)((uint32_t)first & 0xffffu);
    product.middle = (uint32_t)second;
    product.high = high * b_high + (first >> 16) + (second >> 16);
#else
    const int64_t whole = (int64_t)a * b;
    product.middle = (uint32_t)whole >> 16;
    product.high = (int32_t)(whole >> 32);
#endif
    return product;
}

/* round(a * b / 2^32), ties toward plus infinity. */
static inline int32_t emg_high_round(int32_t a, int32_t b) {
    const emg_product_t product = emg_product(a, b);
    return product.high + (int32_t)(product.middle >> 15 & 1u);
}

/* round(a * b / 2^31), ties toward plus infinity; not both of them -2^31, so the product cannot saturate. */
static inline int32_t emg_high_mul(int32_t a, int32_t b) {
#if defined(__ARM_ARCH_6M__)
    const emg_product_t product = emg_product(a, b);
    return (int32_t)(((uint32_t)product.high << 1) + (((product.middle >> 14 & 3u) + 1u) >> 1));
#else
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
#endif
}

/* round(x / 2^shift), ties away from zero; 0 <= shift <= 31. */
static inline int32_t emg_rounding_shift(int32_t x, int32_t shift) {
    const int32_t mask = (int32_t)((1u << shift) - 1u);
    const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> shift) + ((x & mask) > threshold ? 1 : 0);
}

/* acc * multiplier * 2^(shift - 31), rounded twice; shift > 0 goes left. */
static inline int32_t emg_requantize(int32_t acc, int32_t multiplier, int32_t shift) {
    if (shift > 0) {
        return emg_high_mul((int32_t)((uint32_t)acc << shift), multiplier);
    }
    return emg_rounding_shift(emg_high_mul(acc, multiplier), -shift);
}

/* acc * multiplier * 2^(shift - 31), rounded once, ties toward plus infinity; shift <= 30. */
static inline int32_t emg_requantize_once(int32_t acc, int32_t multiplier, int32_t shift) {
    const int32_t total = 31 - shift;
    if (total > 32) { /* one bit more than needed, then the rounding: the low word plays no part */
        const int32_t high = emg_product(acc, multiplier).high;
        return ((high >> (total - 33)) + 1) >> 1;
    }
    return (int32_t)(((int64_t)acc * multiplier + ((int64_t)1 << (total - 1))) >> total);
}

/* x / 2^shift, rounded down and saturated to int8; `shift` is a constant from 1 to 31. */
#if defined(__ARM_FEATURE_SAT) && defined(__GNUC__)
#define emg_shift_saturate8(x, shift)                                                                        \
    __extension__({                                                                                          \
        int32_t saturated_;                                                                                  \
        __asm__("ssat %0, #8, %1, asr %2" : "=r"(saturated_) : "r"(x), "I"(shift) : "cc");                   \
        saturated_;                                                                                          \
    })
#else
#define emg_shift_saturate8(x, shift) emg_clamp((x) >> (shift), INT8_MIN, INT8_MAX)
#endif

static inline int32_t emg_clamp(int32_t x, int32_t low, int32_t high) {
    return x < low ? low : (x > high ? high : x);
}

#endif
