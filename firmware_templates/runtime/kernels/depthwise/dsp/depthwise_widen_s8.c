/* SPDX-License-Identifier: MIT */
#include "depthwise_widen_s8.h"

#include "../../support/dsp/simd.h"

#if EMG_DSP_ASM

/* r0 from, r1 step, r2 pairs left, r3-r6 the planes; r7, r8 two positions of four channels each;
 * r9-r12, lr words. On the stack: lines left, how. */
__asm__(EMG_ASM_BEGIN ".macro emg_depthwise_pair\n"
                      "    sxtb16 r9, r7\n"
                      "    sxtb16 r10, r8\n"
                      "    sxtb16 r7, r7, ror #8\n"
                      "    sxtb16 r8, r8, ror #8\n"
                      "    pkhbt r11, r9, r10, lsl #16\n"
                      "    pkhtb r9, r10, r9, asr #16\n"
                      "    pkhbt lr, r7, r8, lsl #16\n"
                      "    pkhtb r7, r8, r7, asr #16\n"
                      "    str r11, [r3], #4\n"
                      "    str lr, [r4], #4\n"
                      "    str r9, [r5], #4\n"
                      "    str r7, [r6], #4\n"
                      ".endm\n"
                      "emg_function emg_depthwise_widen_s8\n"
                      "    push {r1, r3, r4-r11, lr}\n"
                      "    mov r12, r3\n"
                      "    mov r3, r2\n"
                      "    ldrd r1, r6, [r12, #0]\n"
                      "    adds r4, r3, r6\n"
                      "    adds r5, r4, r6\n"
                      "    adds r6, r5, r6\n"
                      "1:\n"
                      "    ldr r9, [r12, #12]\n"
                      "    ldr r7, [r12, #8]\n"
                      "    ldr r2, [r12, #16]\n"
                      "    ldr r8, [r0]\n"
                      "    cmp r9, #0\n"
                      "    beq 2f\n"
                      "    add r0, r0, r1\n"
                      "    emg_depthwise_pair\n"
                      "2:\n"
                      "    cmp r2, #0\n"
                      "    beq 4f\n"
                      "3:\n"
                      "    ldr r7, [r0]\n"
                      "    ldr r8, [r0, r1]\n"
                      "    add r0, r0, r1, lsl #1\n"
                      "    emg_depthwise_pair\n"
                      "    subs r2, #1\n"
                      "    bne 3b\n"
                      "4:\n"
                      "    ldr r9, [r12, #20]\n"
                      "    cmp r9, #0\n"
                      "    beq 5f\n"
                      "    ldr r7, [r0]\n"
                      "    ldr r8, [r12, #8]\n"
                      "    add r0, r0, r1\n"
                      "    emg_depthwise_pair\n"
                      "5:\n"
                      "    ldr r2, [sp, #0]\n"
                      "    ldrd r9, r10, [r12, #24]\n"
                      "    subs r2, #1\n"
                      "    add r0, r0, r9\n"
                      "    add r3, r3, r10\n"
                      "    add r4, r4, r10\n"
                      "    add r5, r5, r10\n"
                      "    add r6, r6, r10\n"
                      "    str r2, [sp, #0]\n"
                      "    bne 1b\n"
                      "    pop {r1, r3, r4-r11, pc}\n"
                      "emg_function_end emg_depthwise_widen_s8\n" EMG_ASM_END);

#else

static void put_pair(uint32_t a, uint32_t b, uint32_t *to, int32_t plane_words) {
    const uint32_t even_a = emg_even_bytes(a), even_b = emg_even_bytes(b);
    const uint32_t odd_a = emg_odd_bytes(a), odd_b = emg_odd_bytes(b);
    to[0] = emg_pack_low(even_a, even_b);
    to[plane_words] = emg_pack_low(odd_a, odd_b);
    to[2 * plane_words] = emg_pack_high(even_a, even_b);
    to[3 * plane_words] = emg_pack_high(odd_a, odd_b);
}

void emg_depthwise_widen_s8(const int8_t *from, int32_t lines, uint32_t *to,
                            const emg_depthwise_widen_t *how) {
    const int32_t words = how->plane / 4;
    for (; lines > 0; --lines, from += how->next_line, to += how->gap / 4) {
        if (how->lead) {
            put_pair(how->padding, emg_load4(from), to++, words);
            from += how->step;
        }
        for (int32_t i = 0; i < how->pairs; ++i, from += 2 * how->step) {
            put_pair(emg_load4(from), emg_load4(from + how->step), to++, words);
        }
        if (how->tail) {
            put_pair(emg_load4(from), how->padding, to++, words);
            from += how->step;
        }
    }
}

#endif
