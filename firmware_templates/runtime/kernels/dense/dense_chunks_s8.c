/* SPDX-License-Identifier: MIT */
#include "dense_chunks_s8.h"

#include "../support/assembly.h"

#if defined(__ARM_ARCH_7M__) && defined(__GNUC__)

/* r0 inputs, r1 stream, r2 to r5 weights, r6 an input, r7 inputs left, r8 to r11 sums of two units, r12 sums.
 */
__asm__(EMG_ASM_BEGIN ".macro emg_dense_step\n"
                      "    ldm r1!, {r2-r5}\n"
                      "    ldrsb r6, [r0], #1\n"
                      "    mla r8, r2, r6, r8\n"
                      "    mla r9, r3, r6, r9\n"
                      "    mla r10, r4, r6, r10\n"
                      "    mla r11, r5, r6, r11\n"
                      ".endm\n"
                      ".macro emg_dense_spread pair\n"
                      "    sxth r2, \\pair\n"
                      "    ldrd r4, r5, [r12]\n"
                      "    sub r3, \\pair, r2\n"
                      "    add r4, r4, r2\n"
                      "    add r5, r5, r3, asr #16\n"
                      "    strd r4, r5, [r12], #8\n"
                      ".endm\n"
                      "emg_function emg_dense_chunks_s8\n"
                      "    push {r4-r11, lr}\n"
                      "    mov r12, r2\n"
                      "1:\n"
                      "    ldr r7, [r1], #4\n"
                      "    cmp r7, #0\n"
                      "    beq 4f\n"
                      "    mov r8, #0\n"
                      "    mov r9, #0\n"
                      "    mov r10, #0\n"
                      "    mov r11, #0\n"
                      "    lsls r2, r7, #31\n"
                      "    add r7, r7, #1\n"
                      "    bne 3f\n"
                      "    subs r7, #1\n"
                      "2:\n"
                      "    emg_dense_step\n"
                      "3:\n"
                      "    emg_dense_step\n"
                      "    subs r7, #2\n"
                      "    bne 2b\n"
                      "    emg_dense_spread r8\n"
                      "    emg_dense_spread r9\n"
                      "    emg_dense_spread r10\n"
                      "    emg_dense_spread r11\n"
                      "    sub r12, r12, #32\n"
                      "    b 1b\n"
                      "4:\n"
                      "    mov r0, r1\n"
                      "    pop {r4-r11, pc}\n"
                      "emg_function_end emg_dense_chunks_s8\n"
                      ".purgem emg_dense_step\n"
                      ".purgem emg_dense_spread\n" EMG_ASM_END);

#elif defined(__ARM_ARCH_6M__) && defined(__GNUC__)

/* r0 end of the chunk's inputs, r1 stream, r2 to r5 weights, r6 an input, r7 less the inputs left; r8 to r11
 * sums of two units. On the stack: sums. */
__asm__(EMG_ASM_BEGIN ".macro emg_dense_step\n"
                      "    ldm r1!, {r2-r5}\n"
                      "    ldrsb r6, [r0, r7]\n"
                      "    muls r2, r6\n"
                      "    add r8, r2\n"
                      "    muls r3, r6\n"
                      "    add r9, r3\n"
                      "    muls r4, r6\n"
                      "    add r10, r4\n"
                      "    muls r5, r6\n"
                      "    add r11, r5\n"
                      "    adds r7, #1\n"
                      ".endm\n"
                      ".macro emg_dense_spread pair\n"
                      "    mov r2, \\pair\n"
                      "    sxth r3, r2\n"
                      "    subs r2, r2, r3\n"
                      "    asrs r2, r2, #16\n"
                      "    ldr r4, [r7, #0]\n"
                      "    ldr r5, [r7, #4]\n"
                      "    adds r4, r4, r3\n"
                      "    adds r5, r5, r2\n"
                      "    stm r7!, {r4, r5}\n"
                      ".endm\n"
                      "emg_function emg_dense_chunks_s8\n"
                      "    push {r4-r7, lr}\n"
                      "    mov r4, r8\n"
                      "    mov r5, r9\n"
                      "    mov r6, r10\n"
                      "    mov r7, r11\n"
                      "    push {r2, r4-r7}\n"
                      "1:\n"
                      "    ldm r1!, {r7}\n"
                      "    cmp r7, #0\n"
                      "    beq 4f\n"
                      "    movs r2, #0\n"
                      "    mov r8, r2\n"
                      "    mov r9, r2\n"
                      "    mov r10, r2\n"
                      "    mov r11, r2\n"
                      "    adds r0, r0, r7\n"
                      "    rsbs r6, r7, #0\n"
                      "    lsls r2, r7, #31\n"
                      "    mov r7, r6\n"
                      "    bmi 3f\n"
                      "2:\n"
                      "    emg_dense_step\n"
                      "3:\n"
                      "    emg_dense_step\n"
                      "    bne 2b\n"
                      "    ldr r7, [sp, #0]\n"
                      "    emg_dense_spread r8\n"
                      "    emg_dense_spread r9\n"
                      "    emg_dense_spread r10\n"
                      "    emg_dense_spread r11\n"
                      "    b 1b\n"
                      "4:\n"
                      "    mov r0, r1\n"
                      "    pop {r2, r4-r7}\n"
                      "    mov r8, r4\n"
                      "    mov r9, r5\n"
                      "    mov r10, r6\n"
                      "    mov r11, r7\n"
                      "    pop {r4-r7, pc}\n"
                      "emg_function_end emg_dense_chunks_s8\n"
                      ".purgem emg_dense_step\n"
                      ".purgem emg_dense_spread\n" EMG_ASM_END);

#else

enum { PAIRS = 4 };

/* The sum of the low halves, and what the higher one's is without it. */
static void spread(uint32_t pair, int32_t sums[2]) {
    const int32_t low = (int16_t)(pair & 0xffffu);
    sums[0] += low;
    sums[1] += (int16_t)((pair - (uint32_t)low) >> 16);
}

const int32_t *emg_dense_chunks_s8(const int8_t *x, const int32_t *stream, int32_t sums[8]) {
    for (int32_t left = *stream++; left > 0; left = *stream++) {
        uint32_t pairs[PAIRS] = {0};
        for (; left > 0; --left, ++x, stream += PAIRS) {
            for (int32_t i = 0; i < PAIRS; ++i) {
                pairs[i] += (uint32_t)stream[i] * (uint32_t)(int32_t)*x;
            }
        }
        for (int32_t i = 0; i < PAIRS; ++i) {
            spread(pairs[i], sums + 2 * i);
        }
    }
    return stream;
}

#endif
