/* SPDX-License-Identifier: MIT */
#include "exact.h"

#include "logarithm.h"

#include <float.h>
#include <stdint.h>
#include <string.h>

/* x = mantissa * 2^exponent with sqrt(1/2) <= mantissa < sqrt(2); the logarithm of 1 + f is
 * f - f^2/2 + f^3 P(f). P and the two parts of ln 2 are those of the Cephes library's logf (S. L. Moshier).
 */
static const float g_polynomial[9] = {7.0376836292e-2f,  -1.1514610310e-1f, 1.1676998740e-1f,
                                      -1.2420140846e-1f, 1.4249322787e-1f,  -1.6668057665e-1f,
                                      2.0000714765e-1f,  -2.4999993993e-1f, 3.3333331174e-1f};

float emg_logarithm(float x) {
    int32_t bits;
    float mantissa, f, square, sum;
    x = x >= FLT_MIN ? (x <= FLT_MAX ? x : FLT_MAX) : FLT_MIN;
    memcpy(&bits, &x, sizeof bits);
    int32_t exponent = (bits >> 23) - 126;
    bits = (bits & 0x007fffff) | 0x3f000000; /* in [1/2, 1) */
    memcpy(&mantissa, &bits, sizeof mantissa);
    if (mantissa < 0.70710678f) {
        exponent -= 1;
        mantissa += mantissa;
    }
    f = mantissa - 1.0f;
    square = f * f;
    sum = g_polynomial[0];
    for (int32_t i = 1; i < 9; ++i) {
        sum = sum * f + g_polynomial[i];
    }
    sum = sum * f * square;
    sum += (float)exponent * -2.12194440e-4f;
    sum -= 0.5f * square;
    return f + sum + (float)exponent * 0.693359375f;
}
