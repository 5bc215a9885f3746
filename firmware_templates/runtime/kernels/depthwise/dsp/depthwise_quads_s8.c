/* SPDX-License-Identifier: MIT */
#include "depthwise_quads_s8.h"

#include "../../support/dsp/simd.h"
#include "../../support/requantize.h"

#if EMG_DSP_ASM

/* r0 inputs, r1 stream, r3 step, r8 taps left; r4 to r7 the sums; the others inputs and taps.
 * On the stack: in, this run, end of the runs, their begin, out, quads left, padding; how. */
__asm__(EMG_ASM_BEGIN ".macro emg_depthwise_tap x, w\n"
                      "    sxtb16 r2, \\x\n"
                      "    sxtb16 lr, \\w\n"
                      "    sxtb16 \\x, \\x, ror #8\n"
                      "    sxtb16 \\w, \\w, ror #8\n"
                      "    smlabb r4, r2, lr, r4\n"
                      "    smlatt r6, r2, lr, r6\n"
                      "    smlabb r5, \\x, \\w, r5\n"
                      "    smlatt r7, \\x, \\w, r7\n"
                      ".endm\n"
                      ".macro emg_depthwise_quad_clamp value\n"
                      "    cmp \\value, r9\n"
                      "    it lt\n"
                      "    movlt \\value, r9\n"
                      "    cmp \\value, r10\n"
                      "    it gt\n"
                      "    movgt \\value, r10\n"
                      ".endm\n"
                      "emg_function emg_depthwise_quads_s8\n"
                      "    push {r4-r11, lr}\n"
                      "    sub sp, #28\n"
                      "    ldrd r4, r5, [sp, #64]\n"
                      "    ldr r6, [sp, #72]\n"
                      "    ldr r7, [r4, #16]\n"
                      "    str r0, [sp, #0]\n"
                      "    strd r3, r2, [sp, #8]\n"
                      "    strd r5, r6, [sp, #16]\n"
                      "    str r7, [sp, #24]\n"
                      "1:\n"
                      "    ldr lr, [sp, #12]\n"
                      "    ldm r1!, {r4-r7}\n"
                      "2:\n"
                      "    ldm lr!, {r2, r3, r8}\n"
                      "    ldr r0, [sp, #0]\n"
                      "    str lr, [sp, #4]\n"
                      "    cmp r3, #0\n"
                      "    ite eq\n"
                      "    addeq r0, sp, #24\n"
                      "    addne r0, r0, r2\n"
                      "    subs r8, #2\n"
                      "    blt 4f\n"
                      "3:\n"
                      "    ldr r9, [r0]\n"
                      "    ldr r10, [r0, r3]\n"
                      "    ldr r11, [r1], #4\n"
                      "    ldr r12, [r1], #4\n"
                      "    subs r8, #2\n"
                      "    add r0, r0, r3, lsl #1\n"
                      "    emg_depthwise_tap r9, r11\n"
                      "    emg_depthwise_tap r10, r12\n"
                      "    bge 3b\n"
                      "4:\n"
                      "    tst r8, #1\n"
                      "    beq 5f\n"
                      "    ldr r9, [r0]\n"
                      "    ldr r11, [r1], #4\n"
                      "    emg_depthwise_tap r9, r11\n"
                      "5:\n"
                      "    ldrd lr, r8, [sp, #4]\n"
                      "    cmp lr, r8\n"
                      "    bne 2b\n"
                      "    ldm r1!, {r8-r11}\n"
                      "    ldm r1!, {r0, r2, r3, r12}\n"
                      "    lsls r4, r4, #1\n"
                      "    lsls r5, r5, #1\n"
                      "    lsls r6, r6, #1\n"
                      "    lsls r7, r7, #1\n"
                      "    smmlar r0, r4, r8, r0\n"
                      "    smmlar r2, r5, r9, r2\n"
                      "    smmlar r3, r6, r10, r3\n"
                      "    smmlar r12, r7, r11, r12\n"
                      "    ldm r1!, {r8-r11}\n"
                      "    add r0, r0, r4, asr #31\n"
                      "    add r2, r2, r5, asr #31\n"
                      "    add r3, r3, r6, asr #31\n"
                      "    add r12, r12, r7, asr #31\n"
                      "    asr r0, r0, r8\n"
                      "    asr r2, r2, r9\n"
                      "    asr r3, r3, r10\n"
                      "    asr r12, r12, r11\n"
                      "    ldr r7, [sp, #64]\n"
                      "    ldr r8, [sp, #16]\n"
                      "    ssat r0, #8, r0, asr #1\n"
                      "    ldm r7, {r7, r9, r10, r11}\n"
                      "    ssat r2, #8, r2, asr #1\n"
                      "    ssat r3, #8, r3, asr #1\n"
                      "    ssat r12, #8, r12, asr #1\n"
                      "    cmp r11, #0\n"
                      "    bne 7f\n"
                      "6:\n"
                      "    add r4, r8, r7\n"
                      "    add r5, r4, r7\n"
                      "    strb r0, [r8]\n"
                      "    strb r2, [r4]\n"
                      "    add r6, r5, r7\n"
                      "    ldr r0, [sp, #0]\n"
                      "    strb r3, [r5]\n"
                      "    strb r12, [r6]\n"
                      "    adds r0, #4\n"
                      "    ldr r5, [sp, #20]\n"
                      "    add r6, r6, r7\n"
                      "    str r0, [sp, #0]\n"
                      "    subs r5, #1\n"
                      "    strd r6, r5, [sp, #16]\n"
                      "    bne 1b\n"
                      "    mov r0, r1\n"
                      "    add sp, #28\n"
                      "    pop {r4-r11, pc}\n"
                      "7:\n"
                      "    emg_depthwise_quad_clamp r0\n"
                      "    emg_depthwise_quad_clamp r2\n"
                      "    emg_depthwise_quad_clamp r3\n"
                      "    emg_depthwise_quad_clamp r12\n"
                      "    b 6b\n"
                      "emg_function_end emg_depthwise_quads_s8\n"
                      ".purgem emg_depthwise_tap\n"
                      ".purgem emg_depthwise_quad_clamp\n" EMG_ASM_END);

#else

enum { QUAD = 4 };

static void add_taps(const int8_t *x, int32_t step, const int8_t *taps, int32_t count, int32_t sums[QUAD]) {
    for (; count > 0; --count, x += step, taps += QUAD) {
        for (int32_t i = 0; i < QUAD; ++i) {
            sums[i] += x[i] * taps[i];
        }
    }
}

static int8_t output(int32_t sum, const int32_t *constants, const emg_depthwise_quads_t *how) {
    /* SMMLAR: the product's high word, rounded, with the offset added */
    const int32_t scaled =
        (int32_t)((2 * (int64_t)sum * constants[0] + ((int64_t)1 << 31)) >> 32) + constants[QUAD];
    return (int8_t)emg_clamp(((scaled - (sum < 0 ? 1 : 0)) >> constants[2 * QUAD]) >> 1, how->low, how->high);
}

const int32_t *emg_depthwise_quads_s8(const int8_t *in, const int32_t *stream,
                                      const emg_depthwise_run_t *runs, const emg_depthwise_run_t *end,
                                      const emg_depthwise_quads_t *how, int8_t *out, int32_t count) {
    for (; count > 0; --count, in += QUAD) {
        int32_t sums[QUAD] = {stream[0], stream[1], stream[2], stream[3]};
        stream += QUAD;
        for (const emg_depthwise_run_t *run = runs; run != end; stream += run->taps, ++run) {
            const int8_t *x = run->step ? in + run->from : (const int8_t *)(const void *)&how->padding;
            add_taps(x, run->step, (const int8_t *)(const void *)stream, run->taps, sums);
        }
        for (int32_t i = 0; i < QUAD; ++i, out += how->next) {
            *out = output(sums[i], stream + i, how);
        }
        stream += 3 * QUAD;
    }
    return stream;
}

#endif
