/* SPDX-License-Identifier: MIT */
#include "exact.h"

#include "root.h"

#include <float.h>
#include <stdint.h>
#include <string.h>

/* The whole part of the root of a number below 2^50, bit by bit. */
static uint32_t whole_root(uint64_t x) {
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 48; bit != 0; bit >>= 2) {
        if (x >= root + bit) {
            x -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return (uint32_t)root;
}

/* x = mantissa * 2^(exponent - 150). The root has 25 bits; no root lies half way between two floats, so the
 * last of them alone says which way to round. */
static float root_of_normal(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint32_t exponent = bits >> 23;
    const uint64_t mantissa = (bits & 0x007fffffu) | 0x00800000u;
    const uint32_t root = (whole_root(mantissa << (exponent % 2u ? 25 : 26)) + 1u) >> 1;
    bits = (((exponent - (exponent % 2u ? 1u : 2u)) / 2u + 64u) << 23) + (root - 0x00800000u);
    memcpy(&x, &bits, sizeof x);
    return x;
}

float emg_root(float x) {
    if (!(x <= FLT_MAX)) {
        return x;
    }
    if (x < FLT_MIN) { /* subnormal: scaled up and back, both exactly */
        return x > 0.0f ? root_of_normal(x * 16777216.0f) / 4096.0f : 0.0f;
    }
    return root_of_normal(x);
}
