/* SPDX-License-Identifier: MIT */
#include "widen_rgb_s8.h"

#include "../../support/dsp/simd.h"

#if EMG_DSP_ASM

/* r0, r4 the pixels; r1 pairs left; r2 to; r3 from row to row; r5, lr the two rests, put together; r6-r9
 * words of a row; r10-r12 what they become. On the stack: how. */
__asm__(EMG_ASM_BEGIN EMG_ASM_PUT_PAIRS
        ".macro emg_widen_rgb_row shift\n"
        "    ldr r6, [r0]\n"
        "    ldr r8, [r0, #4]\n"
        "    ldrb r10, [r0, #8]\n"
        "    ldr r7, [r4]\n"
        "    ldr r9, [r4, #4]\n"
        "    ldrb r11, [r4, #8]\n"
        "    add r0, r0, r3\n"
        "    add r4, r4, r3\n"
        "    .if \\shift == 0\n"
        "    mov r5, r10\n"
        "    mov lr, r11\n"
        "    .else\n"
        "    orr r5, r5, r10, lsl #\\shift\n"
        "    orr lr, lr, r11, lsl #\\shift\n"
        "    .endif\n"
        "    emg_put_pairs r6, r7\n"
        "    emg_put_pairs r8, r9\n"
        ".endm\n"
        "emg_function emg_widen_rgb_s8\n"
        "    push {r3-r11, lr}\n"
        "    ldr r12, [r3, #28]\n"
        "    ldr r4, [r3, #12]\n"
        "    ldr r3, [r3, #16]\n"
        "    adds r4, r0, r4\n"
        "    add r3, r3, #9\n"
        "1:\n"
        "    emg_widen_rgb_row 0\n"
        "    emg_widen_rgb_row 8\n"
        "    emg_widen_rgb_row 16\n"
        "    emg_put_pairs r5, lr\n"
        "    subs r1, #1\n"
        "    add r0, r0, r12\n"
        "    add r4, r4, r12\n"
        "    bne.w 1b\n"
        "    pop {r3-r11, pc}\n"
        "emg_function_end emg_widen_rgb_s8\n" EMG_ASM_FORGET_PAIRS EMG_ASM_END);

#else

void emg_widen_rgb_s8(const int8_t *from, int32_t pairs, uint32_t *to, const emg_widen_pairs_t *how,
                      int8_t *rest) {
    (void)rest;
    for (; pairs > 0; --pairs, from += how->across) {
        uint32_t first = 0, second = 0;
        for (int32_t row = 0; row < 3; ++row, from += 9 + how->down) {
            const int8_t *next = from + how->next;
            to = emg_put_pairs(emg_load4(from), emg_load4(next), to);
            to = emg_put_pairs(emg_load4(from + 4), emg_load4(next + 4), to);
            first |= (uint32_t)(uint8_t)from[8] << (8 * row);
            second |= (uint32_t)(uint8_t)next[8] << (8 * row);
        }
        to = emg_put_pairs(first, second, to);
    }
}

#endif
