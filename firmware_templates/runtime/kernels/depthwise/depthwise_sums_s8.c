/* SPDX-License-Identifier: MIT */
#include "depthwise_sums_s8.h"

#include "../support/assembly.h"

#if defined(__ARM_ARCH_7M__) && defined(__GNUC__)

/* r0 inputs, r1 weights, r2 step, r3 taps left, r4 to r7 the sums, r8 to r11 inputs and weights, r12 next.
 * On the stack: four, run, end, sums. */
__asm__(EMG_ASM_BEGIN ".macro emg_depthwise_tap\n"
                      "    ldrsb r8, [r0]\n"
                      "    ldrsb r9, [r0, #1]\n"
                      "    ldrsb r10, [r1]\n"
                      "    ldrsb r11, [r1, #1]\n"
                      "    mla r4, r8, r10, r4\n"
                      "    mla r5, r9, r11, r5\n"
                      "    ldrsb r8, [r0, #2]\n"
                      "    ldrsb r9, [r0, #3]\n"
                      "    ldrsb r10, [r1, #2]\n"
                      "    ldrsb r11, [r1, #3]\n"
                      "    mla r6, r8, r10, r6\n"
                      "    mla r7, r9, r11, r7\n"
                      "    add r0, r0, r2\n"
                      "    add r1, r1, r12\n"
                      ".endm\n"
                      "emg_function emg_depthwise_sums_s8\n"
                      "    push {r0-r11, lr}\n"
                      "    ldm r3, {r4-r7}\n"
                      "    ldr r1, [r0, #4]\n"
                      "    ldr r12, [r0, #8]\n"
                      "    ldr r8, [sp, #4]\n"
                      "1:\n"
                      "    ldm r8!, {r0, r2, r3}\n"
                      "    ldr r9, [sp, #0]\n"
                      "    str r8, [sp, #4]\n"
                      "    cmp r2, #0\n"
                      "    ite eq\n"
                      "    ldreq r0, [r9, #12]\n"
                      "    ldrne r9, [r9, #0]\n"
                      "    it ne\n"
                      "    addne r0, r0, r9\n"
                      "    subs r3, #2\n"
                      "    blt 3f\n"
                      "2:\n"
                      "    emg_depthwise_tap\n"
                      "    emg_depthwise_tap\n"
                      "    subs r3, #2\n"
                      "    bge 2b\n"
                      "3:\n"
                      "    tst r3, #1\n"
                      "    beq 4f\n"
                      "    emg_depthwise_tap\n"
                      "4:\n"
                      "    ldrd r8, r9, [sp, #4]\n"
                      "    cmp r8, r9\n"
                      "    bne 1b\n"
                      "    ldr r3, [sp, #12]\n"
                      "    stm r3, {r4-r7}\n"
                      "    add sp, #16\n"
                      "    pop {r4-r11, pc}\n"
                      "emg_function_end emg_depthwise_sums_s8\n"
                      ".purgem emg_depthwise_tap\n" EMG_ASM_END);

#elif defined(__ARM_ARCH_6M__) && defined(__GNUC__)

/* r0 inputs, r1 weights, r2 taps left, r3 to r5 an input, a weight, an index; r6, r7 step and next; r8 to r11
 * the sums, r12 four. On the stack: run, end, sums, then what is kept. */
__asm__(EMG_ASM_BEGIN ".macro emg_depthwise_channel sum\n"
                      "    ldrsb r3, [r0, r5]\n"
                      "    ldrsb r4, [r1, r5]\n"
                      "    muls r3, r4\n"
                      "    add \\sum, r3\n"
                      ".endm\n"
                      "emg_function emg_depthwise_sums_s8\n"
                      "    push {r4-r7, lr}\n"
                      "    mov r4, r8\n"
                      "    mov r5, r9\n"
                      "    mov r6, r10\n"
                      "    mov r7, r11\n"
                      "    push {r4-r7}\n"
                      "    push {r1-r3}\n"
                      "    mov r12, r0\n"
                      "    ldm r3!, {r4-r7}\n"
                      "    mov r8, r4\n"
                      "    mov r9, r5\n"
                      "    mov r10, r6\n"
                      "    mov r11, r7\n"
                      "    ldr r1, [r0, #4]\n"
                      "    ldr r7, [r0, #8]\n"
                      "1:\n"
                      "    ldr r5, [sp, #0]\n"
                      "    ldm r5!, {r0, r3, r4}\n"
                      "    str r5, [sp, #0]\n"
                      "    mov r2, r4\n"
                      "    mov r6, r3\n"
                      "    mov r4, r12\n"
                      "    cmp r6, #0\n"
                      "    beq 5f\n"
                      "    ldr r3, [r4, #0]\n"
                      "    adds r0, r0, r3\n"
                      "2:\n"
                      "    movs r5, #0\n"
                      "    emg_depthwise_channel r8\n"
                      "    movs r5, #1\n"
                      "    emg_depthwise_channel r9\n"
                      "    movs r5, #2\n"
                      "    emg_depthwise_channel r10\n"
                      "    movs r5, #3\n"
                      "    emg_depthwise_channel r11\n"
                      "    adds r0, r0, r6\n"
                      "    adds r1, r1, r7\n"
                      "    subs r2, #1\n"
                      "    bne 2b\n"
                      "    ldr r3, [sp, #0]\n"
                      "    ldr r4, [sp, #4]\n"
                      "    cmp r3, r4\n"
                      "    bne 1b\n"
                      "    ldr r0, [sp, #8]\n"
                      "    mov r4, r8\n"
                      "    mov r5, r9\n"
                      "    mov r6, r10\n"
                      "    mov r7, r11\n"
                      "    stm r0!, {r4-r7}\n"
                      "    add sp, #12\n"
                      "    pop {r4-r7}\n"
                      "    mov r8, r4\n"
                      "    mov r9, r5\n"
                      "    mov r10, r6\n"
                      "    mov r11, r7\n"
                      "    pop {r4-r7, pc}\n"
                      "5:\n"
                      "    ldr r0, [r4, #12]\n"
                      "    b 2b\n"
                      "emg_function_end emg_depthwise_sums_s8\n"
                      ".purgem emg_depthwise_channel\n" EMG_ASM_END);

#else

void emg_depthwise_sums_s8(const emg_depthwise_four_t *four, const emg_depthwise_run_t *run,
                           const emg_depthwise_run_t *end, int32_t sums[4]) {
    const int8_t *w = four->weights;
    int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
    for (; run != end; ++run) {
        const int32_t step = run->step;
        const int8_t *x = step ? four->in + run->from : four->padding;
        for (int32_t i = run->taps; i > 0; --i, x += step, w += four->next) {
            a += x[0] * w[0];
            b += x[1] * w[1];
            c += x[2] * w[2];
            d += x[3] * w[3];
        }
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

#endif
