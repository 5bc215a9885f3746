#include "depthwise_line_s8.h"

#include "../requantize.h"
#include "simd.h"

#if EMG_DSP_ASM

/* r0, r1, r2: the three lines; r3: the channel; r4-r7: four sums, the bias in r4 until the first
 * line has been added; r8-r10: inputs; r11, r12: taps; lr: out. On the stack: blocks, stride,
 * rewind, rewind_out, next_plane, clamped, low, high, blocks left, channels left, this channel's out. */
__asm__(".syntax unified\n"
        ".thumb\n"
        ".macro emg_depthwise_row_1 line, tap, s1, s2, s3\n"
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
        ".macro emg_depthwise_row_2 line, tap, s1, s2, s3\n"
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
        ".macro emg_depthwise_output sum, rectified\n"
        "    smmlar r8, \\sum, r11, r10\n"
        "    .if \\rectified == 0\n"
        "    add r8, r8, \\sum, asr #31\n"
        "    .endif\n"
        "    asr r8, r8, r12\n"
        "    ssat \\sum, #8, r8, asr #1\n"
        ".endm\n"
        ".macro emg_depthwise_clamp value\n"
        "    cmp \\value, r8\n"
        "    it lt\n"
        "    movlt \\value, r8\n"
        "    cmp \\value, r9\n"
        "    it gt\n"
        "    movgt \\value, r9\n"
        ".endm\n"
        ".macro emg_depthwise_line name, row, rectified\n"
        ".section .text.\\name, \"ax\", %progbits\n"
        ".align 2\n"
        ".global \\name\n"
        ".type \\name, %function\n"
        ".thumb_func\n"
        "\\name:\n"
        "    push {r4-r11, lr}\n"
        "    sub sp, #44\n"
        "    ldr lr, [sp, #80]\n"
        "    ldr r12, [sp, #84]\n"
        "    ldm r12, {r4-r11}\n"
        "    stm sp, {r4-r11}\n"
        "    movs r4, #4\n"
        "    str r4, [sp, #36]\n"
        "1:\n"
        "    ldr r8, [sp, #0]\n"
        "    str r8, [sp, #32]\n"
        "    str lr, [sp, #40]\n"
        "2:\n"
        "    ldr r4, [r3, #0]\n"
        "    \\row r0, 4, r4, r4, r4\n"
        "    \\row r1, 12, r5, r6, r7\n"
        "    \\row r2, 20, r5, r6, r7\n"
        "    ldr r11, [r3, #28]\n"
        "    ldr r10, [r3, #32]\n"
        "    ldr r12, [r3, #36]\n"
        "    ldr r9, [sp, #20]\n"
        "    emg_depthwise_output r4, \\rectified\n"
        "    emg_depthwise_output r5, \\rectified\n"
        "    emg_depthwise_output r6, \\rectified\n"
        "    emg_depthwise_output r7, \\rectified\n"
        "    ldr r12, [sp, #4]\n"
        "    ldr r10, [sp, #32]\n"
        "    cmp r9, #0\n"
        "    bne 5f\n"
        "3:\n"
        "    strb r4, [lr]\n"
        "    add r8, lr, r12, lsl #1\n"
        "    strb r5, [lr, r12]\n"
        "    add lr, lr, r12, lsl #2\n"
        "    strb r6, [r8]\n"
        "    strb r7, [r8, r12]\n"
        "    subs r10, #1\n"
        "    str r10, [sp, #32]\n"
        "    beq 4f\n"
        "    cmp r10, #1\n"
        "    bne 2b\n"
        "    ldr r8, [sp, #8]\n"
        "    ldr r9, [sp, #12]\n"
        "    subs r0, r0, r8\n"
        "    subs r1, r1, r8\n"
        "    subs r2, r2, r8\n"
        "    sub lr, lr, r9\n"
        "    b 2b\n"
        "4:\n"
        "    ldr r8, [sp, #16]\n"
        "    ldr r10, [sp, #36]\n"
        "    ldr lr, [sp, #40]\n"
        "    add r0, r0, r8\n"
        "    add r1, r1, r8\n"
        "    add r2, r2, r8\n"
        "    adds r3, #40\n"
        "    add lr, lr, #1\n"
        "    subs r10, #1\n"
        "    str r10, [sp, #36]\n"
        "    bne 1b\n"
        "    add sp, #44\n"
        "    pop {r4-r11, pc}\n"
        "5:\n"
        "    ldr r8, [sp, #24]\n"
        "    ldr r9, [sp, #28]\n"
        "    emg_depthwise_clamp r4\n"
        "    emg_depthwise_clamp r5\n"
        "    emg_depthwise_clamp r6\n"
        "    emg_depthwise_clamp r7\n"
        "    b 3b\n"
        ".size \\name, . - \\name\n"
        ".endm\n"
        "    emg_depthwise_line emg_depthwise_line_s8, emg_depthwise_row_1, 0\n"
        "    emg_depthwise_line emg_depthwise_line_rectified_s8, emg_depthwise_row_1, 1\n"
        "    emg_depthwise_line emg_depthwise_line_stride2_s8, emg_depthwise_row_2, 0\n"
        ".text\n");

#else

enum { CHANNELS = 4 };

static int32_t input(const uint32_t *line, int32_t position) {
    int16_t value;
    memcpy(&value, (const int8_t *)line + 2 * position, sizeof value);
    return value;
}

static int8_t output(const emg_depthwise_channel_t *ch, int32_t doubled,
                     const emg_depthwise_line_s8_t *shape) {
    /* SMMLAR: the product's high word, rounded, with the offset added */
    const int32_t scaled =
        (int32_t)(((int64_t)doubled * ch->multiplier + ((int64_t)1 << 31)) >> 32) + ch->offset;
    return (int8_t)emg_clamp(((scaled - (doubled < 0 ? 1 : 0)) >> ch->shift) >> 1, shape->low, shape->high);
}

static void line_of_outputs(const uint32_t *const lines[3], const emg_depthwise_channel_t *channels,
                            int8_t *out, const emg_depthwise_line_s8_t *shape, int32_t step) {
    for (int32_t channel = 0; channel < CHANNELS; ++channel, ++channels) {
        for (int32_t x = 0; x < shape->outputs; ++x) {
            int32_t sum = channels->bias;
            for (int32_t k = 0; k < 3; ++k) {
                const uint32_t *line =
                    (const uint32_t *)(const void *)((const int8_t *)lines[k] + channel * shape->plane);
                sum += input(line, step * x) * emg_low_half(channels->taps[k][0]) +
                       input(line, step * x + 1) * emg_high_half(channels->taps[k][0]) +
                       input(line, step * x + 2) * emg_high_half(channels->taps[k][1]);
            }
            out[x * shape->stride + channel] = output(channels, sum, shape);
        }
    }
}

void emg_depthwise_line_s8(const uint32_t *a, const uint32_t *b, const uint32_t *c,
                           const emg_depthwise_channel_t *channels, int8_t *out,
                           const emg_depthwise_line_s8_t *shape) {
    const uint32_t *const lines[3] = {a, b, c};
    line_of_outputs(lines, channels, out, shape, 1);
}

void emg_depthwise_line_rectified_s8(const uint32_t *a, const uint32_t *b, const uint32_t *c,
                                     const emg_depthwise_channel_t *channels, int8_t *out,
                                     const emg_depthwise_line_s8_t *shape) {
    emg_depthwise_line_s8(a, b, c, channels, out, shape);
}

void emg_depthwise_line_stride2_s8(const uint32_t *a, const uint32_t *b, const uint32_t *c,
                                   const emg_depthwise_channel_t *channels, int8_t *out,
                                   const emg_depthwise_line_s8_t *shape) {
    const uint32_t *const lines[3] = {a, b, c};
    line_of_outputs(lines, channels, out, shape, 2);
}

#endif
