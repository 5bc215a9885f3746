/* SPDX-License-Identifier: MIT */
/* The square root of a float32, rounded to nearest as IEEE 754 says, on every core and without a library. */
#ifndef EMG_KERNELS_SQRT_F32_H
#define EMG_KERNELS_SQRT_F32_H

#include <stdint.h>

/* The largest number whose square is not above n. */
static inline uint32_t emg_sqrt_u64(uint64_t n) {
    uint32_t root = 0;
    for (uint32_t bit = UINT32_C(1) << 25; bit != 0; bit >>= 1) {
        const uint64_t tried = (uint64_t)(root | bit);
        if (tried * tried <= n) {
            root |= bit;
        }
    }
    return root;
}

/* x = m * 2^e with even e: the root of m * 2^26 has one bit more than a float32, and is never half-way
 * between two. */
static inline float emg_sqrt_f32(float x) {
    union {
        float number;
        uint32_t bits;
    } word;
    word.number = x;
    const uint32_t bits = word.bits;
    if (bits == 0 || bits == UINT32_C(0x80000000) || bits == UINT32_C(0x7f800000)) {
        return x;
    }
    if (bits > UINT32_C(0x7f800000)) {
        word.bits = UINT32_C(0x7fc00000); /* of what is negative or no number: no number */
        return word.number;
    }
    int32_t exponent = (int32_t)(bits >> 23);
    uint32_t mantissa = bits & UINT32_C(0x7fffff);
    if (exponent == 0) {
        exponent = 1;
        while ((mantissa & UINT32_C(0x800000)) == 0) {
            mantissa <<= 1;
            --exponent;
        }
    } else {
        mantissa |= UINT32_C(0x800000);
    }
    exponent -= 127;
    if (exponent & 1) {
        mantissa <<= 1;
        --exponent;
    }
    const uint32_t root = emg_sqrt_u64((uint64_t)mantissa << 25); /* 2^24 to 2^25 */
    word.bits = ((uint32_t)(exponent / 2 + 126) << 23) + ((root + 1) >> 1);
    return word.number;
}

#endif
