/* SPDX-License-Identifier: MIT */
#include "widen_pairs_s8.h"

#include "../../support/dsp/simd.h"

#if EMG_DSP_ASM

/* r0, r4 the pixels; r1 rows left; r2 to; r3 how; r5 words or bytes left; r12 rest; others: inputs.
 * On the stack: pairs left. */
__asm__(EMG_ASM_BEGIN EMG_ASM_PUT_PAIRS
        "emg_function emg_widen_pairs_s8\n"
        "    push {r1, r4-r11, lr}\n"
        "1:\n"
        "    ldr r4, [r3, #12]\n"
        "    ldr r1, [r3, #0]\n"
        "    ldr r12, [sp, #40]\n"
        "    add r4, r0, r4\n"
        "2:\n"
        "    ldr r5, [r3, #4]\n"
        "    lsrs r5, r5, #1\n"
        "    bcc 3f\n"
        "    ldr r6, [r0], #4\n"
        "    ldr r7, [r4], #4\n"
        "    emg_put_pairs r6, r7\n"
        "3:\n"
        "    cbz r5, 5f\n"
        "4:\n"
        "    ldr r6, [r0], #4\n"
        "    ldr r7, [r4], #4\n"
        "    ldr r8, [r0], #4\n"
        "    ldr r9, [r4], #4\n"
        "    emg_put_pairs r6, r7\n"
        "    emg_put_pairs r8, r9\n"
        "    subs r5, #1\n"
        "    bne 4b\n"
        "5:\n"
        "    ldr r5, [r3, #8]\n"
        "    ldr r9, [r3, #16]\n"
        "    cbz r5, 7f\n"
        "    ldr r8, [r3, #20]\n"
        "6:\n"
        "    ldrb r6, [r0], #1\n"
        "    ldrb r7, [r4], #1\n"
        "    subs r5, #1\n"
        "    strb r6, [r12]\n"
        "    strb r7, [r12, r8]\n"
        "    add r12, r12, #1\n"
        "    bne 6b\n"
        "7:\n"
        "    add r0, r0, r9\n"
        "    subs r1, #1\n"
        "    add r4, r4, r9\n"
        "    bne 2b\n"
        "    ldr r5, [r3, #24]\n"
        "    ldr r9, [r3, #28]\n"
        "    ldr r1, [sp, #0]\n"
        "    cbz r5, 9f\n"
        "    ldr r12, [sp, #40]\n"
        "    ldr r8, [r3, #20]\n"
        "8:\n"
        "    ldr r6, [r12]\n"
        "    ldr r7, [r12, r8]\n"
        "    add r12, r12, #4\n"
        "    emg_put_pairs r6, r7\n"
        "    subs r5, #1\n"
        "    bne 8b\n"
        "9:\n"
        "    add r0, r0, r9\n"
        "    subs r1, #1\n"
        "    str r1, [sp, #0]\n"
        "    bne 1b\n"
        "    pop {r1, r4-r11, pc}\n"
        "emg_function_end emg_widen_pairs_s8\n" EMG_ASM_FORGET_PAIRS EMG_ASM_END);

#else

void emg_widen_pairs_s8(const int8_t *from, int32_t pairs, uint32_t *to, const emg_widen_pairs_t *how,
                        int8_t *rest) {
    for (; pairs > 0; --pairs, from += how->across) {
        int8_t *kept = rest;
        for (int32_t row = 0; row < how->rows; ++row, from += how->down) {
            for (int32_t i = 0; i < how->words; ++i, from += 4) {
                to = emg_put_pairs(emg_load4(from), emg_load4(from + how->next), to);
            }
            for (int32_t i = 0; i < how->rest; ++i, ++from, ++kept) {
                kept[0] = from[0];
                kept[how->second_rest] = from[how->next];
            }
        }
        for (int32_t i = 0; i < how->rest_words; ++i) {
            const int8_t *word = rest + 4 * i;
            to = emg_put_pairs(emg_load4(word), emg_load4(word + how->second_rest), to);
        }
    }
}

#endif
