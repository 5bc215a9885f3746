/* SPDX-License-Identifier: MIT */
#include "dense_mve_s8.h"

#include "../../support/mve/requantize_mve.h"

#if EMG_MVE_ASM

/* r1 stream, r3 in inputs, r12 inputs; r0, r2, r4, r6 sums of four units; r5 shape, r7 out, r9 depth,
 * r11 units left. The loop's own predication cuts the last block to what the input has. */
__asm__(EMG_ASM_BEGIN "emg_function emg_dense_mve_s8\n"
                      "    push {r3-r11, lr}\n"
                      "    mov r7, r2\n"
                      "    mov r5, r3\n"
                      "    mov r12, r1\n"
                      "    mov r1, r0\n"
                      "    ldrd r9, r11, [r5, #12]\n"
                      "1:\n"
                      "    mov r3, r12\n"
                      "    movs r0, #0\n"
                      "    movs r2, #0\n"
                      "    movs r4, #0\n"
                      "    movs r6, #0\n"
                      "    dlstp.8 lr, r9\n"
                      "2:\n"
                      "    vldrb.8 q0, [r3], #16\n"
                      "    vldrw.32 q1, [r1], #16\n"
                      "    vldrw.32 q2, [r1], #16\n"
                      "    vmladava.s8 r0, q0, q1\n"
                      "    vldrw.32 q1, [r1], #16\n"
                      "    vmladava.s8 r2, q0, q2\n"
                      "    vldrw.32 q2, [r1], #16\n"
                      "    vmladava.s8 r4, q0, q1\n"
                      "    vmladava.s8 r6, q0, q2\n"
                      "    letp lr, 2b\n"
                      "    vmov q0[2], q0[0], r0, r4\n"
                      "    vmov q0[3], q0[1], r2, r6\n"
                      "    vldrw.32 q1, [r1], #16\n"
                      "    vldrw.32 q2, [r1], #16\n"
                      "    ldm r5, {r0, r2, r4}\n"
                      "    vadd.i32 q0, q0, q1\n"
                      "    vmulh.s32 q0, q0, q2\n"
                      "    vldrw.32 q3, [r1], #16\n"
                      "    vdup.32 q1, r2\n"
                      "    vrshl.s32 q0, q0, q3\n"
                      "    vdup.32 q2, r4\n"
                      "    vadd.i32 q0, q0, r0\n"
                      "    vmax.s32 q0, q0, q1\n"
                      "    vmin.s32 q0, q0, q2\n"
                      "    vctp.32 r11\n"
                      "    vpst\n"
                      "    vstrbt.32 q0, [r7], #4\n"
                      "    subs r11, r11, #4\n"
                      "    bgt 1b\n"
                      "    pop {r3-r11, pc}\n"
                      "emg_function_end emg_dense_mve_s8\n" EMG_ASM_END);

#else

enum { QUAD = 4 };

/* 63 bits of the product, rounded once where the vectors do it: on its high word. */
static int32_t rounded_once(int32_t sum, int32_t multiplier, int32_t shift) {
    return emg_requantize_once(sum, multiplier, shift - 1);
}

void emg_dense_mve_s8(const int32_t *stream, const int8_t *in, int8_t *out, const emg_dense_mve_s8_t *shape) {
    const int32_t blocks = (shape->depth + EMG_VECTOR - 1) / EMG_VECTOR;
    for (int32_t first = 0; first < shape->units; first += QUAD) {
        const int8_t *weights = (const int8_t *)(const void *)stream;
        const int32_t *constants = stream + QUAD * EMG_VECTOR / 4 * blocks;
        for (int32_t u = 0; u < QUAD && first + u < shape->units; ++u) {
            int32_t sum = constants[u];
            for (int32_t k = 0; k < shape->depth; ++k) {
                sum += in[k] * weights[(k / EMG_VECTOR * QUAD + u) * EMG_VECTOR + k % EMG_VECTOR];
            }
            sum = rounded_once(sum, constants[QUAD + u], constants[2 * QUAD + u]) + shape->zero_point;
            *out++ = (int8_t)emg_clamp(sum, shape->low, shape->high);
        }
        stream = constants + 3 * QUAD;
    }
}

#endif
