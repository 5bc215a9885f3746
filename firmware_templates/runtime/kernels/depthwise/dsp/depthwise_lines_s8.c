/* SPDX-License-Identifier: MIT */
#include "depthwise_lines_s8.h"

#include "../../support/dsp/simd.h"
#include "../../support/requantize.h"

#if EMG_DSP_ASM

/* r0, r1, r2: the three lines; r3: the channel; r4 to r7 or r9: the sums of a block, with the bias in r4
 * until the first line has been added; the other registers: inputs and taps.
 * On the stack: stride, rewind, rewind_out, next_plane, low, high, clamped, lines, next_line, next_out,
 * to_last, channels left, this channel's out, out, lines left, last block's out, line's end. */
__asm__(EMG_ASM_BEGIN ".macro emg_depthwise_row_4 line, tap, s1, s2, s3\n"
                      "    ldr r8, [\\line], #4\n"
                      "    ldr r9, [\\line], #4\n"
                      "    ldr r10, [\\line]\n"
                      "    ldr r11, [r3, #\\tap]\n"
                      "    ldr r12, [r3, #\\tap + 4]\n"
                      "    smlatb r5, r8, r11, \\s1\n"
                      "    smlad r6, r9, r11, \\s2\n"
                      "    smlatb r7, r9, r11, \\s3\n"
                      "    smlad r4, r8, r11, r4\n"
                      "    smlabt r4, r9, r12, r4\n"
                      "    smlad r5, r9, r12, r5\n"
                      "    smlabt r6, r10, r12, r6\n"
                      "    smlad r7, r10, r12, r7\n"
                      ".endm\n"
                      ".macro emg_depthwise_row_4_stride2 line, tap, s1, s2, s3\n"
                      "    ldr r8, [\\line], #4\n"
                      "    ldr r9, [\\line], #4\n"
                      "    ldr r10, [\\line], #4\n"
                      "    ldr r11, [r3, #\\tap]\n"
                      "    ldr r12, [r3, #\\tap + 4]\n"
                      "    smlad r5, r9, r11, \\s1\n"
                      "    smlad r6, r10, r11, \\s2\n"
                      "    smlabt r5, r10, r12, r5\n"
                      "    .ifc \\s3, r4\n"
                      "    mov r7, r4\n"
                      "    .endif\n"
                      "    smlad r4, r8, r11, r4\n"
                      "    smlabt r4, r9, r12, r4\n"
                      "    ldr r8, [\\line], #4\n"
                      "    ldr r9, [\\line]\n"
                      "    smlabt r6, r8, r12, r6\n"
                      "    smlad r7, r8, r11, r7\n"
                      "    smlabt r7, r9, r12, r7\n"
                      ".endm\n"
                      /* Six outputs: the sums in r4-r9; r10, r11 inputs; r12, lr taps. */
                      ".macro emg_depthwise_row_6 line, tap, s1, s2, s3\n"
                      "    ldr r12, [r3, #\\tap]\n"
                      "    ldr lr, [r3, #\\tap + 4]\n"
                      "    ldr r10, [\\line], #4\n"
                      "    ldr r11, [\\line], #4\n"
                      "    smlatb r5, r10, r12, \\s1\n"
                      "    smlad r6, r11, r12, \\s2\n"
                      "    smlatb r7, r11, r12, \\s3\n"
                      "    smlad r4, r10, r12, r4\n"
                      "    smlad r5, r11, lr, r5\n"
                      "    smlabt r4, r11, lr, r4\n"
                      "    ldr r10, [\\line], #4\n"
                      "    .if emg_single\n"
                      "    ldr r11, [\\line], #4\n"
                      "    .else\n"
                      "    ldr r11, [\\line]\n"
                      "    .endif\n"
                      "    smlabt r6, r10, lr, r6\n"
                      "    smlad r7, r10, lr, r7\n"
                      "    smlad r8, r10, r12, r8\n"
                      "    smlatb r9, r10, r12, r9\n"
                      "    smlabt r8, r11, lr, r8\n"
                      "    smlad r9, r11, lr, r9\n"
                      ".endm\n"
                      ".macro emg_depthwise_row_6_stride2 line, tap, s1, s2, s3\n"
                      "    ldr r12, [r3, #\\tap]\n"
                      "    ldr lr, [r3, #\\tap + 4]\n"
                      "    ldr r10, [\\line], #4\n"
                      "    ldr r11, [\\line], #4\n"
                      "    .ifc \\s3, r4\n"
                      "    mov r6, r4\n"
                      "    mov r7, r4\n"
                      "    .endif\n"
                      "    smlad r5, r11, r12, \\s1\n"
                      "    smlad r4, r10, r12, r4\n"
                      "    smlabt r4, r11, lr, r4\n"
                      "    ldr r10, [\\line], #4\n"
                      "    ldr r11, [\\line], #4\n"
                      "    smlabt r5, r10, lr, r5\n"
                      "    smlad r6, r10, r12, r6\n"
                      "    smlabt r6, r11, lr, r6\n"
                      "    smlad r7, r11, r12, r7\n"
                      "    ldr r10, [\\line], #4\n"
                      "    ldr r11, [\\line], #4\n"
                      "    smlabt r7, r10, lr, r7\n"
                      "    smlad r8, r10, r12, r8\n"
                      "    smlabt r8, r11, lr, r8\n"
                      "    smlad r9, r11, r12, r9\n"
                      "    ldr r10, [\\line]\n"
                      "    smlabt r9, r10, lr, r9\n"
                      ".endm\n"
                      ".macro emg_depthwise_output sum, rectified, scratch\n"
                      "    smmlar \\scratch, \\sum, r11, r10\n"
                      "    .if \\rectified == 0\n"
                      "    add \\scratch, \\scratch, \\sum, asr #31\n"
                      "    .endif\n"
                      "    asr \\scratch, \\scratch, r12\n"
                      "    ssat \\sum, #8, \\scratch, asr #1\n"
                      ".endm\n"
                      ".macro emg_depthwise_clamp value, low, high\n"
                      "    cmp \\value, \\low\n"
                      "    it lt\n"
                      "    movlt \\value, \\low\n"
                      "    cmp \\value, \\high\n"
                      "    it gt\n"
                      "    movgt \\value, \\high\n"
                      ".endm\n"
                      /* single: a line is one block, and the next line follows right behind what it reads;
                       * then to_last reaches to the end of the channel's outputs. */
                      ".macro emg_depthwise_lines name, row, outputs, rectified, single\n"
                      ".set emg_single, \\single\n"
                      "emg_function \\name\n"
                      "    push {r4-r11, lr}\n"
                      "    sub sp, #68\n"
                      "    mov lr, r2\n"
                      "    mov r12, r3\n"
                      "    mov r3, r1\n"
                      "    ldm r12!, {r4-r11}\n"
                      "    stm sp, {r4-r11}\n"
                      "    ldm r12, {r4-r6}\n"
                      "    strd r4, r5, [sp, #32]\n"
                      "    movs r4, #4\n"
                      "    strd r6, r4, [sp, #40]\n"
                      "    ldm r0, {r0-r2}\n"
                      "1:\n"
                      "    ldr r12, [sp, #28]\n"
                      "    str lr, [sp, #48]\n"
                      "    str r12, [sp, #56]\n"
                      "2:\n"
                      "    ldr r10, [sp, #0]\n"
                      "    ldr r11, [sp, #40]\n"
                      "    str lr, [sp, #52]\n"
                      "    add r11, lr, r11\n"
                      "    add r12, r11, r10, lsl #2\n"
                      "    .if \\outputs == 6\n"
                      "    add r12, r12, r10, lsl #1\n"
                      "    .endif\n"
                      "    strd r11, r12, [sp, #60]\n"
                      "3:\n"
                      "    ldr r4, [r3, #0]\n"
                      "    .if \\outputs == 6\n"
                      "    ldr r8, [r3, #0]\n"
                      "    ldr r9, [r3, #0]\n"
                      "    .endif\n"
                      "    \\row r0, 4, r4, r4, r4\n"
                      "    \\row r1, 12, r5, r6, r7\n"
                      "    \\row r2, 20, r5, r6, r7\n"
                      "    ldr r11, [r3, #28]\n"
                      "    ldr r10, [r3, #32]\n"
                      "    ldr r12, [r3, #36]\n"
                      "    .irp sum, r4, r5, r6, r7\n"
                      "    emg_depthwise_output \\sum, \\rectified, lr\n"
                      "    .endr\n"
                      "    .if \\outputs == 6\n"
                      "    emg_depthwise_output r8, \\rectified, lr\n"
                      "    emg_depthwise_output r9, \\rectified, lr\n"
                      "    .endif\n"
                      "    ldr lr, [sp, #52]\n"
                      "    ldr r10, [sp, #0]\n"
                      "    ldr r12, [sp, #60]\n"
                      "    .if \\rectified == 0\n"
                      "    ldr r11, [sp, #24]\n"
                      "    cmp r11, #0\n"
                      "    bne 7f\n"
                      "    .endif\n"
                      "4:\n"
                      "    add r11, lr, r10\n"
                      "    strb r4, [lr]\n"
                      "    add lr, r11, r10\n"
                      "    strb r5, [r11]\n"
                      "    add r11, lr, r10\n"
                      "    strb r6, [lr]\n"
                      "    add lr, r11, r10\n"
                      "    strb r7, [r11]\n"
                      "    .if \\outputs == 6\n"
                      "    add r11, lr, r10\n"
                      "    strb r8, [lr]\n"
                      "    add lr, r11, r10\n"
                      "    strb r9, [r11]\n"
                      "    .endif\n"
                      "    .if \\single\n"
                      "    ldr r10, [sp, #36]\n"
                      "    add lr, lr, r10\n"
                      "    str lr, [sp, #52]\n"
                      "    cmp lr, r12\n"
                      "    bne.w 3b\n"
                      "    .else\n"
                      "    str lr, [sp, #52]\n"
                      "    cmp lr, r12\n"
                      "    bls.w 3b\n"
                      "    ldr r12, [sp, #64]\n"
                      "    ldrd r10, r11, [sp, #4]\n"
                      "    cmp lr, r12\n"
                      "    beq 5f\n"
                      "    subs r0, r0, r10\n"
                      "    subs r1, r1, r10\n"
                      "    subs r2, r2, r10\n"
                      "    sub lr, lr, r11\n"
                      "    str lr, [sp, #52]\n"
                      "    b 3b\n"
                      "5:\n"
                      "    ldr r12, [sp, #56]\n"
                      "    ldrd r10, r11, [sp, #32]\n"
                      "    subs r12, #1\n"
                      "    beq 6f\n"
                      "    str r12, [sp, #56]\n"
                      "    add r0, r0, r10\n"
                      "    add r1, r1, r10\n"
                      "    add r2, r2, r10\n"
                      "    add lr, lr, r11\n"
                      "    b 2b\n"
                      "    .endif\n"
                      "6:\n"
                      "    ldr r8, [sp, #12]\n"
                      "    ldrd r10, lr, [sp, #44]\n"
                      "    add r0, r0, r8\n"
                      "    add r1, r1, r8\n"
                      "    add r2, r2, r8\n"
                      "    adds r3, #40\n"
                      "    add lr, lr, #1\n"
                      "    subs r10, #1\n"
                      "    str r10, [sp, #44]\n"
                      "    bne 1b\n"
                      "    add sp, #68\n"
                      "    pop {r4-r11, pc}\n"
                      "    .if \\rectified == 0\n"
                      "7:\n"
                      "    ldrd r11, r12, [sp, #16]\n"
                      "    .irp sum, r4, r5, r6, r7\n"
                      "    emg_depthwise_clamp \\sum, r11, r12\n"
                      "    .endr\n"
                      "    .if \\outputs == 6\n"
                      "    emg_depthwise_clamp r8, r11, r12\n"
                      "    emg_depthwise_clamp r9, r11, r12\n"
                      "    .endif\n"
                      "    ldr r12, [sp, #60]\n"
                      "    b 4b\n"
                      "    .endif\n"
                      "emg_function_end \\name\n"
                      ".endm\n"
                      "    emg_depthwise_lines emg_depthwise_four_s8, emg_depthwise_row_4, 4, 0, "
                      "0\n"
                      "    emg_depthwise_lines emg_depthwise_four_rectified_s8, "
                      "emg_depthwise_row_4, 4, 1, 0\n"
                      "    emg_depthwise_lines emg_depthwise_four_stride2_s8, "
                      "emg_depthwise_row_4_stride2, 4, 0, 0\n"
                      "    emg_depthwise_lines emg_depthwise_four_stride2_rectified_s8, "
                      "emg_depthwise_row_4_stride2, 4, 1, 0\n"
                      "    emg_depthwise_lines emg_depthwise_six_s8, emg_depthwise_row_6, 6, 0, 0\n"
                      "    emg_depthwise_lines emg_depthwise_six_rectified_s8, "
                      "emg_depthwise_row_6, 6, 1, 0\n"
                      "    emg_depthwise_lines emg_depthwise_six_stride2_s8, "
                      "emg_depthwise_row_6_stride2, 6, 0, 0\n"
                      "    emg_depthwise_lines emg_depthwise_six_stride2_rectified_s8, "
                      "emg_depthwise_row_6_stride2, 6, 1, 0\n"
                      "    emg_depthwise_lines emg_depthwise_single_six_s8, emg_depthwise_row_6, "
                      "6, 0, 1\n"
                      "    emg_depthwise_lines emg_depthwise_single_six_rectified_s8, "
                      "emg_depthwise_row_6, 6, 1, 1\n" EMG_ASM_END);

#else

enum { CHANNELS = 4 };

static int32_t input(const int8_t *line, int32_t position) {
    int16_t value;
    memcpy(&value, line + 2 * position, sizeof value);
    return value;
}

static int8_t output(const emg_depthwise_channel_t *ch, int32_t doubled, const emg_depthwise_lines_t *shape) {
    /* SMMLAR: the product's high word, rounded, with the offset added */
    const int32_t scaled =
        (int32_t)(((int64_t)doubled * ch->multiplier + ((int64_t)1 << 31)) >> 32) + ch->offset;
    return (int8_t)emg_clamp(((scaled - (doubled < 0 ? 1 : 0)) >> ch->shift) >> 1, shape->low, shape->high);
}

static void channel_of_outputs(const int8_t *const lines[3], const emg_depthwise_channel_t *channel,
                               int8_t *out, const emg_depthwise_lines_t *shape, int32_t step) {
    for (int32_t x = 0; x < shape->outputs; ++x) {
        int32_t sum = channel->bias;
        for (int32_t k = 0; k < 3; ++k) {
            sum += input(lines[k], step * x) * emg_low_half(channel->taps[k][0]) +
                   input(lines[k], step * x + 1) * emg_high_half(channel->taps[k][0]) +
                   input(lines[k], step * x + 2) * emg_high_half(channel->taps[k][1]);
        }
        out[x * shape->stride] = output(channel, sum, shape);
    }
}

static void outputs_of(const uint32_t *const lines[3], const emg_depthwise_channel_t *channels, int8_t *out,
                       const emg_depthwise_lines_t *shape, int32_t step) {
    const int32_t line_bytes = 2 * step * shape->outputs + shape->next_line;
    const int32_t out_bytes = shape->stride * shape->outputs + shape->next_out;
    for (int32_t channel = 0; channel < CHANNELS; ++channel) {
        for (int32_t y = 0; y < shape->lines; ++y) {
            const int8_t *from[3];
            for (int32_t k = 0; k < 3; ++k) {
                from[k] = (const int8_t *)(const void *)lines[k] + channel * shape->plane + y * line_bytes;
            }
            channel_of_outputs(from, channels + channel, out + channel + y * out_bytes, shape, step);
        }
    }
}

void emg_depthwise_four_s8(const uint32_t *const lines[3], const emg_depthwise_channel_t *channels,
                           int8_t *out, const emg_depthwise_lines_t *shape) {
    outputs_of(lines, channels, out, shape, 1);
}

void emg_depthwise_four_rectified_s8(const uint32_t *const lines[3], const emg_depthwise_channel_t *channels,
                                     int8_t *out, const emg_depthwise_lines_t *shape) {
    outputs_of(lines, channels, out, shape, 1);
}

void emg_depthwise_four_stride2_s8(const uint32_t *const lines[3], const emg_depthwise_channel_t *channels,
                                   int8_t *out, const emg_depthwise_lines_t *shape) {
    outputs_of(lines, channels, out, shape, 2);
}

void emg_depthwise_four_stride2_rectified_s8(const uint32_t *const lines[3],
                                             const emg_depthwise_channel_t *channels, int8_t *out,
                                             const emg_depthwise_lines_t *shape) {
    outputs_of(lines, channels, out, shape, 2);
}

void emg_depthwise_six_s8(const uint32_t *const lines[3], const emg_depthwise_channel_t *channels,
                          int8_t *out, const emg_depthwise_lines_t *shape) {
    outputs_of(lines, channels, out, shape, 1);
}

void emg_depthwise_six_rectified_s8(const uint32_t *const lines[3], const emg_depthwise_channel_t *channels,
                                    int8_t *out, const emg_depthwise_lines_t *shape) {
    outputs_of(lines, channels, out, shape, 1);
}

void emg_depthwise_single_six_s8(const uint32_t *const lines[3], const emg_depthwise_channel_t *channels,
                                 int8_t *out, const emg_depthwise_lines_t *shape) {
    outputs_of(lines, channels, out, shape, 1);
}

void emg_depthwise_single_six_rectified_s8(const uint32_t *const lines[3],
                                           const emg_depthwise_channel_t *channels, int8_t *out,
                                           const emg_depthwise_lines_t *shape) {
    outputs_of(lines, channels, out, shape, 1);
}

void emg_depthwise_six_stride2_s8(const uint32_t *const lines[3], const emg_depthwise_channel_t *channels,
                                  int8_t *out, const emg_depthwise_lines_t *shape) {
    outputs_of(lines, channels, out, shape, 2);
}

void emg_depthwise_six_stride2_rectified_s8(const uint32_t *const lines[3],
                                            const emg_depthwise_channel_t *channels, int8_t *out,
                                            const emg_depthwise_lines_t *shape) {
    outputs_of(lines, channels, out, shape, 2);
}

#endif
