/* SPDX-License-Identifier: MIT */
#include "gemm_mve_s8.h"

#include "../../support/mve/requantize_mve.h"

#if EMG_MVE_ASM

/* r1 stream, r3 in patches, r12 patches; sums of three pixels in r0, r4, r8 and, for the other
 * channel, r2, r6, r10 (the instruction wants even registers); r5 shape, r7 out, r9 blocks, r11
 * channels left. q0, q1 weights, q2, q3 inputs; q4 to q6 the sums of four channels of each pixel. */
__asm__(EMG_ASM_BEGIN EMG_REQUANTIZE_MACROS ".macro emg_gemm_block vmladav\n"
                                            "    vldrw.32 q0, [r1], #16\n"
                                            "    vldrw.32 q2, [r3], #16\n"
                                            "    vldrw.32 q1, [r1], #16\n"
                                            "    \\vmladav r0, q0, q2\n"
                                            "    vldrw.32 q3, [r3], #16\n"
                                            "    \\vmladav r2, q1, q2\n"
                                            "    vldrw.32 q2, [r3], #16\n"
                                            "    \\vmladav r4, q0, q3\n"
                                            "    \\vmladav r6, q1, q3\n"
                                            "    \\vmladav r8, q0, q2\n"
                                            "    \\vmladav r10, q1, q2\n"
                                            ".endm\n"
                                            ".macro emg_gemm_pair first, second\n"
                                            "    mov r3, r12\n"
                                            "    emg_gemm_block vmladav.s8\n"
                                            "    wls lr, r9, 3f\n"
                                            "2:\n"
                                            "    emg_gemm_block vmladava.s8\n"
                                            "    le lr, 2b\n"
                                            "3:\n"
                                            "    vmov q4[\\second], q4[\\first], r0, r2\n"
                                            "    vmov q5[\\second], q5[\\first], r4, r6\n"
                                            "    vmov q6[\\second], q6[\\first], r8, r10\n"
                                            ".endm\n"
                                            ".macro emg_gemm_limit\n"
                                            "    vdup.32 q0, r2\n"
                                            "    vdup.32 q1, r3\n"
                                            "    vmax.s32 q4, q4, q0\n"
                                            "    vmax.s32 q5, q5, q0\n"
                                            "    vmax.s32 q6, q6, q0\n"
                                            "    vmin.s32 q4, q4, q1\n"
                                            "    vmin.s32 q5, q5, q1\n"
                                            "    vmin.s32 q6, q6, q1\n"
                                            ".endm\n"
                                            ".macro emg_gemm_mve name, rectified\n"
                                            "emg_function \\name\n"
                                            "    push {r3-r11, lr}\n"
                                            "    vpush {d8-d13}\n"
                                            "    mov r7, r2\n"
                                            "    mov r5, r3\n"
                                            "    mov r12, r1\n"
                                            "    mov r1, r0\n"
                                            "    ldrd r9, r11, [r5, #20]\n"
                                            "1:\n"
                                            "    emg_gemm_pair 0, 2\n"
                                            "    emg_gemm_pair 1, 3\n"
                                            "    vldrw.32 q0, [r1], #16\n"
                                            "    vldrw.32 q1, [r1], #16\n"
                                            "    ldm r5, {r0, r2, r3, r4, r6}\n"
                                            "    emg_scale q4, q0, q1, q2, \\rectified\n"
                                            "    emg_scale q5, q0, q1, q2, \\rectified\n"
                                            "    emg_scale q6, q0, q1, q2, \\rectified\n"
                                            "    vldrw.32 q3, [r1], #16\n"
                                            "    add r4, r4, r7\n"
                                            "    add r6, r6, r7\n"
                                            "    emg_place q4, q3, r0\n"
                                            "    emg_place q5, q3, r0\n"
                                            "    emg_place q6, q3, r0\n"
                                            "    .if \\rectified\n"
                                            "    emg_saturate q4\n"
                                            "    emg_saturate q5\n"
                                            "    emg_saturate q6\n"
                                            "    .else\n"
                                            "    emg_gemm_limit\n"
                                            "    .endif\n"
                                            "    vctp.32 r11\n"
                                            "    vpsttt\n"
                                            "    vstrbt.32 q6, [r6]\n"
                                            "    vstrbt.32 q5, [r4]\n"
                                            "    vstrbt.32 q4, [r7], #4\n"
                                            "    subs r11, r11, #4\n"
                                            "    bgt 1b\n"
                                            "    vpop {d8-d13}\n"
                                            "    pop {r3-r11, pc}\n"
                                            "emg_function_end \\name\n"
                                            ".endm\n"
                                            "    emg_gemm_mve emg_gemm_mve_s8, 0\n"
                                            "    emg_gemm_mve emg_gemm_rectified_mve_s8, 1\n" EMG_ASM_END);

#else

enum { PIXELS = 3, QUAD = 4 };

static int32_t dot(const int8_t *weights, const int8_t *patch, int32_t blocks) {
    int32_t sum = 0;
    for (int32_t block = 0; block < blocks; ++block) {
        for (int32_t k = 0; k < EMG_VECTOR; ++k) {
            sum += weights[k] * patch[k];
        }
        weights += 2 * EMG_VECTOR;
        patch += PIXELS * EMG_VECTOR;
    }
    return sum;
}

void emg_gemm_mve_s8(const int32_t *stream, const int8_t *patches, int8_t *out,
                     const emg_gemm_mve_s8_t *shape) {
    const int32_t blocks = shape->blocks + 1;
    const int32_t at[PIXELS] = {0, shape->second, shape->third};
    for (int32_t first = 0; first < shape->channels; first += QUAD) {
        const int8_t *weights = (const int8_t *)(const void *)stream;
        const int32_t *constants = stream + QUAD * 4 * blocks;
        for (int32_t c = 0; c < QUAD && first + c < shape->channels; ++c) {
            const int8_t *row = weights + (c % 2 * blocks * 2 + c / 2) * EMG_VECTOR;
            for (int32_t p = PIXELS - 1; p >= 0; --p) {
                const int32_t sum = dot(row, patches + p * EMG_VECTOR, blocks) + constants[c];
                out[at[p] + first + c] = emg_requantize_mve(sum, constants[QUAD + c], constants[2 * QUAD + c],
                                                            shape->zero_point, shape->low, shape->high);
            }
        }
        stream = constants + 3 * QUAD;
    }
}

void emg_gemm_rectified_mve_s8(const int32_t *stream, const int8_t *patches, int8_t *out,
                               const emg_gemm_mve_s8_t *shape) {
    emg_gemm_mve_s8(stream, patches, out, shape);
}

#endif
