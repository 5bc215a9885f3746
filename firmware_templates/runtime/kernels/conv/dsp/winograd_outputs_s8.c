/* SPDX-License-Identifier: MIT */
#include "winograd_outputs_s8.h"

#include "../../support/dsp/simd.h"
#include "../../support/requantize.h"

#if EMG_DSP_ASM

/* r0 sums, r1 constants, r2 how, then bytes of a column, r3 out; r4 to r11 the columns of places folded,
 * upper and lower in turn, then constants and outputs; r12, lr and r2 what is loaded. On the stack: column,
 * row, low, high, clamped, tiles left of the channel, channels left. */
__asm__(EMG_ASM_BEGIN /* m0 + m1 + m2 and m1 - m2 - m3; the last comes in a register that is free. */
        ".macro emg_winograd_fold at, top, bottom\n"
        "    ldr \\top, [r0, #\\at]\n"
        "    ldr \\bottom, [r0, #\\at + 128]\n"
        "    ldr r12, [r0, #\\at + 256]\n"
        "    ldr lr, [r0, #\\at + 384]\n"
        "    add \\top, \\top, \\bottom\n"
        "    sub \\bottom, \\bottom, r12\n"
        "    add \\top, \\top, r12\n"
        "    sub \\bottom, \\bottom, lr\n"
        ".endm\n" /* four sums to outputs: r6 multiplier, r7 offset, lr shift */
        ".macro emg_winograd_output sum\n"
        "    asr \\sum, \\sum, #1\n"
        "    smmlar r12, \\sum, r6, r7\n"
        "    add r12, r12, \\sum, asr #31\n"
        "    asr r12, r12, lr\n"
        "    ssat \\sum, #8, r12, asr #1\n"
        ".endm\n"
        ".macro emg_winograd_clamp value\n"
        "    cmp \\value, r6\n"
        "    it lt\n"
        "    movlt \\value, r6\n"
        "    cmp \\value, r7\n"
        "    it gt\n"
        "    movgt \\value, r7\n"
        ".endm\n"
        "emg_function emg_winograd_outputs_s8\n"
        "    push {r4-r11, lr}\n"
        "    sub sp, #28\n"
        "    ldm r2, {r4-r8}\n"
        "    movs r9, #2\n"
        "    movs r10, #4\n"
        "    stm sp, {r4-r10}\n"
        "1:\n"
        "    emg_winograd_fold 0, r4, r5\n"
        "    emg_winograd_fold 32, r6, r7\n"
        "    emg_winograd_fold 64, r8, r9\n"
        "    emg_winograd_fold 96, r10, r11\n"
        "    ldr r2, [r1, #0]\n"
        "    add r6, r6, r2\n"
        "    add r7, r7, r2\n"
        "    add r4, r4, r6\n"
        "    add r5, r5, r7\n"
        "    add r4, r4, r8\n"
        "    add r5, r5, r9\n"
        "    sub r8, r6, r8\n"
        "    sub r9, r7, r9\n"
        "    sub r8, r8, r10\n"
        "    sub r9, r9, r11\n"
        "    ldr r6, [r1, #4]\n"
        "    ldr r7, [r1, #8]\n"
        "    ldr lr, [r1, #12]\n"
        "    emg_winograd_output r4\n"
        "    emg_winograd_output r5\n"
        "    emg_winograd_output r8\n"
        "    emg_winograd_output r9\n"
        "    ldr r2, [sp, #16]\n"
        "    cbnz r2, 4f\n"
        "2:\n"
        "    ldrd r2, r6, [sp, #0]\n"
        "    ldrd r10, r11, [sp, #20]\n"
        "    add r12, r3, r6\n"
        "    strb r4, [r3]\n"
        "    strb r8, [r3, r2]\n"
        "    strb r5, [r12]\n"
        "    strb r9, [r12, r2]\n"
        "    adds r0, #4\n"
        "    subs r10, #1\n"
        "    beq 3f\n"
        "    add r3, r3, r2, lsl #1\n"
        "    str r10, [sp, #20]\n"
        "    b 1b\n"
        "3:\n"
        "    sub r3, r3, r2, lsl #1\n"
        "    movs r10, #2\n"
        "    adds r3, #1\n"
        "    adds r1, #16\n"
        "    subs r11, #1\n"
        "    strd r10, r11, [sp, #20]\n"
        "    bne 1b\n"
        "    add sp, #28\n"
        "    pop {r4-r11, pc}\n"
        "4:\n"
        "    ldrd r6, r7, [sp, #8]\n"
        "    emg_winograd_clamp r4\n"
        "    emg_winograd_clamp r5\n"
        "    emg_winograd_clamp r8\n"
        "    emg_winograd_clamp r9\n"
        "    b 2b\n"
        "emg_function_end emg_winograd_outputs_s8\n"
        ".purgem emg_winograd_fold\n"
        ".purgem emg_winograd_output\n"
        ".purgem emg_winograd_clamp\n" EMG_ASM_END);

#else

enum { CHANNELS = 4, CONSTANTS = 4, PLACE = 8, ROW = 4 * PLACE };

/* One column of places, folded. */
typedef struct {
    uint32_t top, bottom;
} column_t;

static column_t fold(const int32_t *sums) {
    const uint32_t m0 = (uint32_t)sums[0], m1 = (uint32_t)sums[ROW];
    const uint32_t m2 = (uint32_t)sums[2 * ROW], m3 = (uint32_t)sums[3 * ROW];
    const column_t folded = {m0 + m1 + m2, m1 - m2 - m3};
    return folded;
}

static int8_t output(uint32_t four_sums, const int32_t *constants, const emg_winograd_outputs_t *how) {
    const int32_t doubled = (int32_t)four_sums >> 1;
    /* SMMLAR: the product's high word, rounded, with the offset added */
    const int32_t scaled =
        (int32_t)(((int64_t)doubled * constants[1] + ((int64_t)1 << 31)) >> 32) + constants[2];
    return (int8_t)emg_clamp(((scaled - (doubled < 0 ? 1 : 0)) >> constants[3]) >> 1, how->low, how->high);
}

static void put_tile(const int32_t *sums, const int32_t *constants, const emg_winograd_outputs_t *how,
                     int8_t *out) {
    const column_t c0 = fold(sums), c1 = fold(sums + PLACE);
    const column_t c2 = fold(sums + 2 * PLACE), c3 = fold(sums + 3 * PLACE);
    const uint32_t top = c1.top + (uint32_t)constants[0], bottom = c1.bottom + (uint32_t)constants[0];
    out[0] = output(c0.top + top + c2.top, constants, how);
    out[how->column] = output(top - c2.top - c3.top, constants, how);
    out[how->row] = output(c0.bottom + bottom + c2.bottom, constants, how);
    out[how->row + how->column] = output(bottom - c2.bottom - c3.bottom, constants, how);
}

void emg_winograd_outputs_s8(const int32_t *sums, const int32_t *constants, const emg_winograd_outputs_t *how,
                             int8_t *out) {
    for (int32_t c = 0; c < CHANNELS; ++c, sums += 2, constants += CONSTANTS, ++out) {
        put_tile(sums, constants, how, out);
        put_tile(sums + 1, constants, how, out + 2 * how->column);
    }
}

#endif
