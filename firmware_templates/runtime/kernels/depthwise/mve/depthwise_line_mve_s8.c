/* SPDX-License-Identifier: MIT */
#include "depthwise_line_mve_s8.h"

#include "../../support/mve/requantize_mve.h"

#if EMG_MVE_ASM

/* r1, r3, r5, r8 planes of four channels; r0, r2, r4, r6 their sums; r7 out, r9 its step, r10 zero
 * point, r11 shifts, r12 line. q0 to q3 weights, q5 biases, q6 multipliers, q4 and q7 inputs, then
 * q4 the sums and q7 whatever else is needed. */
__asm__(EMG_ASM_BEGIN EMG_REQUANTIZE_MACROS
        ".macro emg_depthwise_limit limit\n"
        "    ldr r0, [r12, #\\limit]\n"
        "    vdup.32 q7, r0\n"
        ".endm\n"
        ".macro emg_depthwise_line name, columns, rectified\n"
        "emg_function \\name\n"
        "    push {r4-r11, lr}\n"
        "    sub sp, #4\n"
        "    vpush {d8-d15}\n"
        "    mov r7, r3\n"
        "    mov r11, r1\n"
        "    mov r1, r2\n"
        "    ldrd r4, r12, [sp, #104]\n"
        "    vldrb.8 q4, [r4]\n"
        "    vldrb.u8 q0, [r0, q4]\n"
        "    add r0, r0, #16\n"
        "    vldrb.u8 q1, [r0, q4]\n"
        "    add r0, r0, #16\n"
        "    vldrb.u8 q2, [r0, q4]\n"
        "    add r0, r0, #16\n"
        "    vldrb.u8 q3, [r0, q4]\n"
        "    vldrw.32 q5, [r11], #16\n"
        "    vldrw.32 q6, [r11], #16\n"
        "    ldr r10, [r12]\n"
        "    ldrd r3, lr, [r12, #12]\n"
        "    ldr r9, [r12, #20]\n"
        "    add r8, r3, r3, lsl #1\n"
        "    add r8, r8, r1\n"
        "    add r5, r1, r3, lsl #1\n"
        "    add r3, r3, r1\n"
        "    dls lr, lr\n"
        "1:\n"
        "    vldrw.32 q4, [r1], #4*\\columns\n"
        "    vldrw.32 q7, [r3], #4*\\columns\n"
        "    vmladav.s8 r0, q0, q4\n"
        "    vldrw.32 q4, [r5], #4*\\columns\n"
        "    vmladav.s8 r2, q1, q7\n"
        "    vldrw.32 q7, [r8], #4*\\columns\n"
        "    vmladav.s8 r4, q2, q4\n"
        "    vmladav.s8 r6, q3, q7\n"
        "    vmov q4[2], q4[0], r0, r4\n"
        "    vmov q4[3], q4[1], r2, r6\n"
        "    emg_scale q4, q5, q6, q7, \\rectified\n"
        "    vldrw.32 q7, [r11]\n"
        "    emg_place q4, q7, r10\n"
        "    .if \\rectified\n"
        "    emg_saturate q4\n"
        "    .else\n"
        "    emg_depthwise_limit 4\n"
        "    vmax.s32 q4, q4, q7\n"
        "    emg_depthwise_limit 8\n"
        "    vmin.s32 q4, q4, q7\n"
        "    .endif\n"
        "    vstrb.32 q4, [r7]\n"
        "    add r7, r7, r9\n"
        "    le lr, 1b\n"
        "    vpop {d8-d15}\n"
        "    add sp, #4\n"
        "    pop {r4-r11, pc}\n"
        "emg_function_end \\name\n"
        ".endm\n"
        "    emg_depthwise_line emg_depthwise_line_mve_s8, 1, 0\n"
        "    emg_depthwise_line emg_depthwise_line_2_mve_s8, 2, 0\n"
        "    emg_depthwise_line emg_depthwise_line_rectified_mve_s8, 1, 1\n"
        "    emg_depthwise_line emg_depthwise_line_2_rectified_mve_s8, 2, 1\n" EMG_ASM_END);

#else

enum { QUAD = 4, COLUMN = 4 };

static void one_line(const int8_t *weights, const int32_t *constants, const int8_t *planes, int8_t *out,
                     const uint8_t *order, const emg_depthwise_line_mve_s8_t *line, int32_t columns) {
    for (int32_t x = 0; x < line->outputs; ++x, out += line->step) {
        for (int32_t c = 0; c < QUAD; ++c) {
            const int8_t *window = planes + c * line->plane + x * columns * COLUMN;
            int32_t sum = constants[c];
            for (int32_t i = 0; i < EMG_VECTOR; ++i) {
                sum += window[i] * weights[c * EMG_VECTOR + order[i]];
            }
            out[c] = emg_requantize_mve(sum, constants[QUAD + c], constants[2 * QUAD + c], line->zero_point,
                                        line->low, line->high);
        }
    }
}

void emg_depthwise_line_mve_s8(const int8_t *weights, const int32_t *constants, const int8_t *planes,
                               int8_t *out, const uint8_t *order, const emg_depthwise_line_mve_s8_t *line) {
    one_line(weights, constants, planes, out, order, line, 1);
}

void emg_depthwise_line_2_mve_s8(const int8_t *weights, const int32_t *constants, const int8_t *planes,
                                 int8_t *out, const uint8_t *order, const emg_depthwise_line_mve_s8_t *line) {
    one_line(weights, constants, planes, out, order, line, 2);
}

void emg_depthwise_line_rectified_mve_s8(const int8_t *weights, const int32_t *constants,
                                         const int8_t *planes, int8_t *out, const uint8_t *order,
                                         const emg_depthwise_line_mve_s8_t *line) {
    one_line(weights, constants, planes, out, order, line, 1);
}

void emg_depthwise_line_2_rectified_mve_s8(const int8_t *weights, const int32_t *constants,
                                           const int8_t *planes, int8_t *out, const uint8_t *order,
                                           const emg_depthwise_line_mve_s8_t *line) {
    one_line(weights, constants, planes, out, order, line, 2);
}

#endif
