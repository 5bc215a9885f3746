#include "widen_rgb_s8.h"

#include "simd.h"

#if EMG_DSP_ASM

/* r0, r4 the pixels; r1 pairs left; r2 to; r3 from row to row; r5, lr the two rests, put together; r6-r9
 * words of a row; r10-r12 what they become. On the stack: how. */
__asm__(".syntax unified\n"
        ".thumb\n"
        ".macro emg_widen_rgb_word a, b\n"
        "    sxtb16 r10, \\a\n"
        "    sxtb16 r11, \\b\n"
        "    sxtb16 \\a, \\a, ror #8\n"
        "    sxtb16 \\b, \\b, ror #8\n"
        "    str r10, [r2], #4\n"
        "    str r11, [r2], #4\n"
        "    str \\a, [r2], #4\n"
        "    str \\b, [r2], #4\n"
        ".endm\n"
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
        "    emg_widen_rgb_word r6, r7\n"
        "    emg_widen_rgb_word r8, r9\n"
        ".endm\n"
        ".section .text.emg_widen_rgb_s8, \"ax\", %progbits\n"
        ".align 2\n"
        ".global emg_widen_rgb_s8\n"
        ".type emg_widen_rgb_s8, %function\n"
        ".thumb_func\n"
        "emg_widen_rgb_s8:\n"
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
        "    emg_widen_rgb_word r5, lr\n"
        "    subs r1, #1\n"
        "    add r0, r0, r12\n"
        "    add r4, r4, r12\n"
        "    bne.w 1b\n"
        "    pop {r3-r11, pc}\n"
        ".size emg_widen_rgb_s8, . - emg_widen_rgb_s8\n"
        ".text\n");

#else

static uint32_t *put_words(uint32_t a, uint32_t b, uint32_t *to) {
    to[0] = emg_even_bytes(a);
    to[1] = emg_even_bytes(b);
    to[2] = emg_odd_bytes(a);
    to[3] = emg_odd_bytes(b);
    return to + 4;
}

void emg_widen_rgb_s8(const int8_t *from, int32_t pairs, uint32_t *to, const emg_widen_pairs_t *how,
                      int8_t *rest) {
    (void)rest;
    for (; pairs > 0; --pairs, from += how->across) {
        uint32_t first = 0, second = 0;
        for (int32_t row = 0; row < 3; ++row, from += 9 + how->down) {
            const int8_t *next = from + how->next;
            to = put_words(emg_load4(from), emg_load4(next), to);
            to = put_words(emg_load4(from + 4), emg_load4(next + 4), to);
            first |= (uint32_t)(uint8_t)from[8] << (8 * row);
            second |= (uint32_t)(uint8_t)next[8] << (8 * row);
        }
        to = put_words(first, second, to);
    }
}

#endif
