/* SPDX-License-Identifier: MIT */
#include "depthwise_octs_mve_s8.h"

#include "../../support/mve/requantize_mve.h"

#if EMG_MVE_ASM

/* r0 inputs of these channels, r1 stream, r2 and r3 the runs and their end, r4 how, r5 out, r6 channels left,
 * r7 inputs of a tap, r8 next run, r9 step, r10 bytes between outputs, r11 zero point, lr taps.
 * q0, q1, q4 inputs, taps, products; q2, q3 sums; q5, q6 low and high; q7 where outputs go. */
__asm__(EMG_ASM_BEGIN ".macro emg_depthwise_taps predicated\n"
                      "5:\n"
                      "    .if \\predicated\n"
                      "    vpst\n"
                      "    vldrbt.s16 q0, [r7]\n"
                      "    .else\n"
                      "    vldrb.s16 q0, [r7]\n"
                      "    .endif\n"
                      "    vldrb.s16 q1, [r1], #8\n"
                      "    add r7, r7, r9\n"
                      "    vmullb.s16 q4, q0, q1\n"
                      "    vmullt.s16 q0, q0, q1\n"
                      "    vadd.i32 q2, q2, q4\n"
                      "    vadd.i32 q3, q3, q0\n"
                      "    le lr, 5b\n"
                      ".endm\n"
                      "emg_function emg_depthwise_octs_mve_s8\n"
                      "    push {r4-r11, lr}\n"
                      "    sub sp, #4\n"
                      "    vpush {d8-d15}\n"
                      "    ldrd r4, r5, [sp, #104]\n"
                      "    ldr r6, [sp, #112]\n"
                      "    ldm r4, {r7, r8, r9, r10}\n"
                      "    vdup.16 q5, r9\n"
                      "    vdup.16 q6, r10\n"
                      "    mov r11, r8\n"
                      "    mov r10, r7\n"
                      "    mov.w r12, #0\n"
                      "    vidup.u16 q7, r12, #1\n"
                      "    vmul.i16 q7, q7, r10\n"
                      "1:\n"
                      "    vctp.16 r6\n"
                      "    vldrw.32 q2, [r1], #16\n"
                      "    vldrw.32 q3, [r1], #16\n"
                      "    mov r8, r2\n"
                      "2:\n"
                      "    ldm r8!, {r7, r9, r12}\n"
                      "    cmp r9, #0\n"
                      "    ite eq\n"
                      "    addeq r7, r4, #16\n"
                      "    addne r7, r7, r0\n"
                      "    dls lr, r12\n"
                      "    cmp r6, #8\n"
                      "    blt 3f\n"
                      "    emg_depthwise_taps 0\n"
                      "    b 4f\n"
                      "3:\n"
                      "    emg_depthwise_taps 1\n"
                      "4:\n"
                      "    cmp r8, r3\n"
                      "    bne 2b\n"
                      "    vldrw.32 q0, [r1], #16\n"
                      "    vldrw.32 q1, [r1], #16\n"
                      "    vqrdmulh.s32 q2, q2, q0\n"
                      "    vqrdmulh.s32 q3, q3, q1\n"
                      "    vshr.s32 q0, q2, #31\n"
                      "    vshr.s32 q1, q3, #31\n"
                      "    vadd.i32 q2, q2, q0\n"
                      "    vadd.i32 q3, q3, q1\n"
                      "    vldrw.32 q0, [r1], #16\n"
                      "    vldrw.32 q1, [r1], #16\n"
                      "    vrshl.s32 q2, q2, q0\n"
                      "    vrshl.s32 q3, q3, q1\n"
                      "    vqmovnb.s32 q2, q2\n"
                      "    vqmovnt.s32 q2, q3\n"
                      "    vqadd.s16 q2, q2, r11\n"
                      "    vmax.s16 q2, q2, q5\n"
                      "    vmin.s16 q2, q2, q6\n"
                      "    vpst\n"
                      "    vstrbt.16 q2, [r5, q7]\n"
                      "    add r5, r5, r10, lsl #3\n"
                      "    adds r0, #8\n"
                      "    subs r6, #8\n"
                      "    bgt 1b\n"
                      "    mov r0, r1\n"
                      "    vpop {d8-d15}\n"
                      "    add sp, #4\n"
                      "    pop {r4-r11, pc}\n"
                      "emg_function_end emg_depthwise_octs_mve_s8\n"
                      ".purgem emg_depthwise_taps\n" EMG_ASM_END);

#else

enum { OCT = 8 };

/* Where channel `i` of eight has its word. */
static int32_t place(int32_t i) {
    return i % 2 * (OCT / 2) + i / 2;
}

static int32_t sum(const int8_t *in, int32_t i, const int8_t *taps, const emg_depthwise_run_t *run,
                   const emg_depthwise_run_t *end, const emg_depthwise_octs_t *how) {
    int32_t acc = 0;
    for (; run != end; ++run) {
        const int8_t *x = run->step ? in + run->from : how->padding;
        for (int32_t k = 0; k < run->taps; ++k, taps += OCT) {
            acc += x[k * run->step + i] * taps[i];
        }
    }
    return acc;
}

const int32_t *emg_depthwise_octs_mve_s8(const int8_t *in, const int32_t *stream,
                                         const emg_depthwise_run_t *runs, const emg_depthwise_run_t *end,
                                         const emg_depthwise_octs_t *how, int8_t *out, int32_t count) {
    int32_t taps = 0;
    for (const emg_depthwise_run_t *run = runs; run != end; ++run) {
        taps += run->taps;
    }
    for (; count > 0; count -= OCT, in += OCT) {
        const int32_t channels = count < OCT ? count : OCT;
        const int32_t *multipliers = stream + OCT + 2 * taps;
        int32_t sums[OCT];
        for (int32_t i = 0; i < channels; ++i) {
            const int8_t *bytes = (const int8_t *)(const void *)(stream + OCT);
            sums[i] = stream[place(i)] + sum(in, i, bytes, runs, end, how);
        }
        for (int32_t i = 0; i < channels; ++i, out += how->next) {
            const int32_t at = place(i);
            *out = emg_requantize_mve(sums[i], multipliers[at], multipliers[OCT + at], how->zero_point,
                                      how->low, how->high);
        }
        stream = multipliers + 2 * OCT;
    }
    return stream;
}

#endif
