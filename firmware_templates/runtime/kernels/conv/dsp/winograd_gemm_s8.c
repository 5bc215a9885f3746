/* SPDX-License-Identifier: MIT */
#include "winograd_gemm_s8.h"

#include "../../support/dsp/simd.h"

#if EMG_DSP_ASM

/* r0 tiles, r1 weights, r2 to r9 the sums, r10, r11 words of both tiles, r12, lr words of two channels.
 * On the stack: where the sums go, this place's end, bytes of a place, the last one's end. */
__asm__(EMG_ASM_BEGIN ".macro emg_winograd_step first\n"
                      "    ldr r10, [r0], #4\n"
                      "    ldr r11, [r0], #4\n"
                      "    ldr r12, [r1], #4\n"
                      "    ldr lr, [r1], #4\n"
                      "    .if \\first\n"
                      "    smuad r2, r12, r10\n"
                      "    smuad r3, r12, r11\n"
                      "    smuad r4, lr, r10\n"
                      "    smuad r5, lr, r11\n"
                      "    .else\n"
                      "    smlad r2, r12, r10, r2\n"
                      "    smlad r3, r12, r11, r3\n"
                      "    smlad r4, lr, r10, r4\n"
                      "    smlad r5, lr, r11, r5\n"
                      "    .endif\n"
                      "    ldr r12, [r1], #4\n"
                      "    ldr lr, [r1], #4\n"
                      "    .if \\first\n"
                      "    smuad r6, r12, r10\n"
                      "    smuad r7, r12, r11\n"
                      "    smuad r8, lr, r10\n"
                      "    smuad r9, lr, r11\n"
                      "    .else\n"
                      "    smlad r6, r12, r10, r6\n"
                      "    smlad r7, r12, r11, r7\n"
                      "    smlad r8, lr, r10, r8\n"
                      "    smlad r9, lr, r11, r9\n"
                      "    .endif\n"
                      ".endm\n"
                      "emg_function emg_winograd_gemm_s8\n"
                      "    push {r4-r11, lr}\n"
                      "    sub sp, #16\n"
                      "    lsls r3, r3, #3\n"
                      "    add r4, r0, r3\n"
                      "    add r5, r0, r3, lsl #4\n"
                      "    strd r2, r4, [sp, #0]\n"
                      "    strd r3, r5, [sp, #8]\n"
                      "1:\n"
                      "    emg_winograd_step 1\n"
                      "    b 3f\n"
                      "2:\n"
                      "    emg_winograd_step 0\n"
                      "3:\n"
                      "    .rept 7\n"
                      "    emg_winograd_step 0\n"
                      "    .endr\n"
                      "    ldrd r12, r10, [sp, #0]\n"
                      "    cmp r0, r10\n"
                      "    bne.w 2b\n"
                      "    ldrd r11, lr, [sp, #8]\n"
                      "    stm r12!, {r2-r9}\n"
                      "    add r10, r10, r11\n"
                      "    strd r12, r10, [sp, #0]\n"
                      "    cmp r0, lr\n"
                      "    bne.w 1b\n"
                      "    add sp, #16\n"
                      "    pop {r4-r11, pc}\n"
                      "emg_function_end emg_winograd_gemm_s8\n"
                      ".purgem emg_winograd_step\n" EMG_ASM_END);

#else

enum { PLACES = 16, CHANNELS = 4, TILES = 2 };

static int32_t product(uint32_t a, uint32_t b) {
    return emg_low_half(a) * emg_low_half(b) + emg_high_half(a) * emg_high_half(b);
}

void emg_winograd_gemm_s8(const uint32_t *tiles, const uint32_t *weights, int32_t *sums, int32_t steps) {
    for (int32_t place = 0; place < PLACES; ++place, sums += CHANNELS * TILES) {
        for (int32_t i = 0; i < CHANNELS * TILES; ++i) {
            sums[i] = 0;
        }
        for (int32_t k = 0; k < steps; ++k, tiles += TILES, weights += CHANNELS) {
            for (int32_t i = 0; i < CHANNELS * TILES; ++i) {
                sums[i] += product(weights[i / TILES], tiles[i % TILES]);
            }
        }
    }
}

#endif
