#include "widen_pairs_s8.h"

#include "simd.h"

#if EMG_DSP_ASM

/* r0, r4 the pixels; r1 rows left; r2 to; r3 how; r5 words or bytes left; r12 rest; others: inputs.
 * On the stack: pairs left. */
__asm__(".syntax unified\n"
        ".thumb\n"
        ".macro emg_widen_word a, b\n"
        "    sxtb16 r10, \\a\n"
        "    sxtb16 r11, \\b\n"
        "    sxtb16 \\a, \\a, ror #8\n"
        "    sxtb16 \\b, \\b, ror #8\n"
        "    str r10, [r2], #4\n"
        "    str r11, [r2], #4\n"
        "    str \\a, [r2], #4\n"
        "    str \\b, [r2], #4\n"
        ".endm\n"
        ".section .text.emg_widen_pairs_s8, \"ax\", %progbits\n"
        ".align 2\n"
        ".global emg_widen_pairs_s8\n"
        ".type emg_widen_pairs_s8, %function\n"
        ".thumb_func\n"
        "emg_widen_pairs_s8:\n"
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
        "    emg_widen_word r6, r7\n"
        "3:\n"
        "    cbz r5, 5f\n"
        "4:\n"
        "    ldr r6, [r0], #4\n"
        "    ldr r7, [r4], #4\n"
        "    ldr r8, [r0], #4\n"
        "    ldr r9, [r4], #4\n"
        "    emg_widen_word r6, r7\n"
        "    emg_widen_word r8, r9\n"
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
        "    emg_widen_word r6, r7\n"
        "    subs r5, #1\n"
        "    bne 8b\n"
        "9:\n"
        "    add r0, r0, r9\n"
        "    subs r1, #1\n"
        "    str r1, [sp, #0]\n"
        "    bne 1b\n"
        "    pop {r1, r4-r11, pc}\n"
        ".size emg_widen_pairs_s8, . - emg_widen_pairs_s8\n"
        ".text\n");

#else

static uint32_t *widen_word(const int8_t *a, const int8_t *b, uint32_t *to) {
    const uint32_t first = emg_load4(a), second = emg_load4(b);
    to[0] = emg_even_bytes(first);
    to[1] = emg_even_bytes(second);
    to[2] = emg_odd_bytes(first);
    to[3] = emg_odd_bytes(second);
    return to + 4;
}

void emg_widen_pairs_s8(const int8_t *from, int32_t pairs, uint32_t *to, const emg_widen_pairs_t *how,
                        int8_t *rest) {
    for (; pairs > 0; --pairs, from += how->across) {
        int8_t *kept = rest;
        for (int32_t row = 0; row < how->rows; ++row, from += how->down) {
            for (int32_t i = 0; i < how->words; ++i, from += 4) {
                to = widen_word(from, from + how->next, to);
            }
            for (int32_t i = 0; i < how->rest; ++i, ++from, ++kept) {
                kept[0] = from[0];
                kept[how->second_rest] = from[how->next];
            }
        }
        for (int32_t i = 0; i < how->rest_words; ++i) {
            to = widen_word(rest + 4 * i, rest + 4 * i + how->second_rest, to);
        }
    }
}

#endif
