/* SPDX-License-Identifier: MIT */
#include "dense_8_s8.h"

#include "../../support/dsp/simd.h"

#if EMG_DSP_ASM

/* r0 stream, r1 inputs; r2-r9 the sums B and C of four pairs of units; r10, r11 weights, lr the same
 * widened; r12 two inputs. On the stack: blocks left, unused, sums. */
__asm__(EMG_ASM_BEGIN ".macro emg_dense_pair weights, b, c\n"
                      "    sxtb16 lr, \\weights\n"
                      "    smlad \\c, \\weights, r12, \\c\n"
                      "    smlad \\b, lr, r12, \\b\n"
                      ".endm\n"
                      ".macro emg_dense_step\n"
                      "    ldr r12, [r1], #4\n"
                      "    ldr r10, [r0], #4\n"
                      "    ldr r11, [r0], #4\n"
                      "    emg_dense_pair r10, r2, r3\n"
                      "    emg_dense_pair r11, r4, r5\n"
                      "    ldr r10, [r0], #4\n"
                      "    ldr r11, [r0], #4\n"
                      "    emg_dense_pair r10, r6, r7\n"
                      "    emg_dense_pair r11, r8, r9\n"
                      ".endm\n"
                      ".macro emg_dense_second b, c\n"
                      "    sub \\c, \\c, \\b\n"
                      "    asr \\c, \\c, #8\n"
                      ".endm\n"
                      "emg_function emg_dense_8_s8\n"
                      "    push {r3-r11, lr}\n"
                      "    sub sp, #8\n"
                      /* the first block of 16 steps is entered so that the
                         rest fills it: 68 bytes a step */
                      "    subs r2, #1\n"
                      "    asr r12, r2, #4\n"
                      "    str r12, [sp, #0]\n"
                      "    and r2, r2, #15\n"
                      "    rsb r2, r2, #15\n"
                      "    movs r3, #68\n"
                      "    mul r2, r2, r3\n"
                      "    adr r12, 1f\n"
                      "    add r12, r12, r2\n"
                      "    orr r12, r12, #1\n"
                      "    ldm r0!, {r2-r9}\n"
                      "    bx r12\n"
                      "    .align 2\n"
                      "1:\n"
                      "    .rept 16\n"
                      "    emg_dense_step\n"
                      "    .endr\n"
                      "    ldr r12, [sp, #0]\n"
                      "    subs r12, r12, #1\n"
                      "    str r12, [sp, #0]\n"
                      "    bge.w 1b\n"
                      "    emg_dense_second r2, r3\n"
                      "    emg_dense_second r4, r5\n"
                      "    emg_dense_second r6, r7\n"
                      "    emg_dense_second r8, r9\n"
                      "    ldr r12, [sp, #8]\n"
                      "    stm r12, {r2-r9}\n"
                      "    add sp, #12\n"
                      "    pop {r4-r11, pc}\n"
                      "emg_function_end emg_dense_8_s8\n" EMG_ASM_END);

#else

const int32_t *emg_dense_8_s8(const int32_t *stream, const uint32_t *x, int32_t steps, int32_t *sums) {
    const int32_t *starts = stream;
    stream += 8;
    for (int32_t i = 0; i < 8; ++i) {
        sums[i] = starts[i];
    }
    for (int32_t k = 0; k < steps; ++k) {
        for (int32_t pair = 0; pair < 4; ++pair) {
            const uint32_t w = (uint32_t)*stream++;
            const uint32_t w0 = emg_even_bytes(w);
            const int32_t low = emg_low_half(x[k]), high = emg_high_half(x[k]);
            const uint32_t b = (uint32_t)(emg_low_half(w0) * low + emg_high_half(w0) * high);
            const uint32_t c = (uint32_t)(emg_low_half(w) * low) + (uint32_t)(emg_high_half(w) * high);
            sums[2 * pair] = (int32_t)((uint32_t)sums[2 * pair] + b);
            sums[2 * pair + 1] = (int32_t)((uint32_t)sums[2 * pair + 1] + c);
        }
    }
    for (int32_t pair = 0; pair < 4; ++pair) {
        sums[2 * pair + 1] = (int32_t)((uint32_t)sums[2 * pair + 1] - (uint32_t)sums[2 * pair]) >> 8;
    }
    return stream;
}

#endif
