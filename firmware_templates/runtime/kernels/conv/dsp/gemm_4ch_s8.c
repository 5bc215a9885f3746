/* SPDX-License-Identifier: MIT */
#include "gemm_4ch_s8.h"

#include "../../support/dsp/simd.h"
#include "../../support/requantize.h"

#if EMG_DSP_ASM

/* Registers of the inner loop: r0 stream, r1 patches; r2-r5 the sums B01, C01, B23, C23 of the first
 * pixel, r6-r9 of the second; r10, r11 weights, first as they are, then widened; r12, lr one word of
 * each pixel's inputs. Single loads stand together, because a run of n of them takes n + 1 cycles on
 * Cortex-M4. The first step of all also copies the starting sums; the others are unrolled in blocks,
 * the first of which is entered so that the rest fills it.
 * On the stack: patches, entry, patches' end, rectified, out, stride, stream's end, shape,
 * stream, groups left, the group's out, zero point. */
__asm__(EMG_ASM_BEGIN
        ".macro emg_gemm_step pixels\n"
        "    ldr r10, [r0], #4\n"
        "    ldr r11, [r0], #4\n"
        "    ldr r12, [r1], #4\n"
        "    .if \\pixels == 2\n"
        "    ldr lr, [r1], #4\n"
        "    smlad r7, r10, lr, r7\n"
        "    smlad r9, r11, lr, r9\n"
        "    .endif\n"
        "    smlad r3, r10, r12, r3\n"
        "    smlad r5, r11, r12, r5\n"
        "    sxtb16 r10, r10\n"
        "    sxtb16 r11, r11\n"
        "    .if \\pixels == 2\n"
        "    smlad r6, r10, lr, r6\n"
        "    smlad r8, r11, lr, r8\n"
        "    .endif\n"
        "    smlad r2, r10, r12, r2\n"
        "    smlad r4, r11, r12, r4\n"
        ".endm\n"
        ".macro emg_gemm_first_step pixels\n"
        "    ldr r1, [sp, #0]\n"
        "    ldr r10, [r0], #4\n"
        "    ldr r11, [r0], #4\n"
        "    ldr r12, [r1], #4\n"
        "    .if \\pixels == 2\n"
        "    ldr lr, [r1], #4\n"
        "    smlad r7, r10, lr, r3\n"
        "    smlad r9, r11, lr, r5\n"
        "    .endif\n"
        "    smlad r3, r10, r12, r3\n"
        "    smlad r5, r11, r12, r5\n"
        "    sxtb16 r10, r10\n"
        "    sxtb16 r11, r11\n"
        "    .if \\pixels == 2\n"
        "    smlad r6, r10, lr, r2\n"
        "    smlad r8, r11, lr, r4\n"
        "    .endif\n"
        "    smlad r2, r10, r12, r2\n"
        "    smlad r4, r11, r12, r4\n"
        ".endm\n"
        /* From the sums to the outputs; the offset's low byte is the shift. */
        ".macro emg_gemm_rectify pixels, first, second, multiplier, z\n"
        "    smmla \\first, \\first, \\multiplier, \\z\n"
        "    .if \\pixels == 2\n"
        "    smmla \\second, \\second, \\multiplier, \\z\n"
        "    .endif\n"
        "    asr \\first, \\first, \\z\n"
        "    ssat \\first, #8, \\first\n"
        "    .if \\pixels == 2\n"
        "    asr \\second, \\second, \\z\n"
        "    ssat \\second, #8, \\second\n"
        "    .endif\n"
        ".endm\n"
        /* From twice the sums to the outputs; r1: the shift in its low byte, r10, r11: multiplier, offset;
         * lr: the zero point as the offsets have it, before their shifts. */
        ".macro emg_gemm_round sum\n"
        "    smmlar r12, \\sum, r10, r11\n"
        "    add r12, r12, \\sum, asr #31\n"
        "    asr r12, r12, r1\n"
        "    ssat \\sum, #8, r12, asr #1\n"
        ".endm\n"
        ".macro emg_gemm_round_channel pixels, first, second\n"
        "    ldr r10, [r0], #4\n"
        "    lsl r11, lr, r1\n"
        "    emg_gemm_round \\first\n"
        "    .if \\pixels == 2\n"
        "    emg_gemm_round \\second\n"
        "    .endif\n"
        "    lsrs r1, r1, #8\n"
        ".endm\n"
        /* Twice the sums of a pair of channels from B and C. */
        ".macro emg_gemm_double b, c\n"
        "    sub \\c, \\c, \\b\n"
        "    lsl \\b, \\b, #1\n"
        "    asr \\c, \\c, #7\n"
        ".endm\n"
        ".macro emg_gemm_clamp value\n"
        "    cmp \\value, r11\n"
        "    it lt\n"
        "    movlt \\value, r11\n"
        "    cmp \\value, r12\n"
        "    it gt\n"
        "    movgt \\value, r12\n"
        ".endm\n"
        /* step_bytes: the size of one step's code */
        ".macro emg_gemm_4ch name, pixels, unrolled, step_bytes\n"
        "emg_function \\name\n"
        "    push {r4-r11, lr}\n"
        "    sub sp, #52\n"
        "    ldr r4, [r3, #16]\n"
        "    str r4, [sp, #44]\n"
        "    ldm r3, {r4, r5, r7}\n"
        "    lsl r6, r5, #2\n"
        "    add r8, r1, r4, lsl #(\\pixels + 1)\n"
        /* stream's end: quads * (2 * steps + 12) words, three less a quad where one offset serves
           all */
        "    lsl r9, r4, #1\n"
        "    add r9, r9, #12\n"
        "    cmp r7, #0\n"
        "    it eq\n"
        "    subeq r9, #3\n"
        "    mul r9, r9, r5\n"
        "    add r9, r0, r9, lsl #2\n"
        /* entry: the steps behind the first one that do not fill a block stand before its end */
        "    subs r4, #1\n"
        "    and r4, r4, #(\\unrolled - 1)\n"
        "    mov r12, #\\step_bytes\n"
        "    mul r4, r4, r12\n"
        "    adr.w r12, 3f\n"
        "    sub r12, r12, r4\n"
        "    orr r12, r12, #1\n"
        "    strd r1, r12, [sp, #0]\n"
        "    strd r8, r7, [sp, #8]\n"
        "    strd r2, r6, [sp, #16]\n"
        "    strd r9, r3, [sp, #24]\n"
        "    ldr r4, [sp, #88]\n"
        "    strd r0, r4, [sp, #32]\n"
        "    str r2, [sp, #40]\n"
        "1:\n"
        "    ldm r0!, {r2-r5}\n"
        "    emg_gemm_first_step \\pixels\n"
        "    ldr r12, [sp, #4]\n"
        "    bx r12\n"
        "    .align 2\n"
        "2:\n"
        "    .rept \\unrolled\n"
        "    emg_gemm_step \\pixels\n"
        "    .endr\n"
        "3:\n"
        "    ldr r12, [sp, #8]\n"
        "    ldr lr, [sp, #12]\n"
        "    cmp r1, r12\n"
        "    bne.w 2b\n"
        "    cmp lr, #0\n"
        "    beq 5f\n"
        "    subs r3, r3, r2\n"
        "    subs r5, r5, r4\n"
        "    .if \\pixels == 2\n"
        "    subs r7, r7, r6\n"
        "    sub r9, r9, r8\n"
        "    .endif\n"
        "    ldm r0!, {r1, r10, r11, r12}\n"
        "    emg_gemm_rectify \\pixels, r2, r6, r1, r10\n"
        "    emg_gemm_rectify \\pixels, r3, r7, r11, r12\n"
        "    ldm r0!, {r1, r10, r11, r12}\n"
        "    emg_gemm_rectify \\pixels, r4, r8, r1, r10\n"
        "    emg_gemm_rectify \\pixels, r5, r9, r11, r12\n"
        "4:\n"
        "    ldr r1, [sp, #16]\n"
        "    .if \\pixels == 2\n"
        "    ldr r11, [sp, #20]\n"
        "    .endif\n"
        "    ldr r12, [sp, #24]\n"
        "    .if \\pixels == 2\n"
        "    add r11, r1, r11\n"
        "    .endif\n"
        "    strb r2, [r1, #0]\n"
        "    strb r3, [r1, #1]\n"
        "    strb r4, [r1, #2]\n"
        "    strb r5, [r1, #3]\n"
        "    .if \\pixels == 2\n"
        "    strb r6, [r11, #0]\n"
        "    strb r7, [r11, #1]\n"
        "    strb r8, [r11, #2]\n"
        "    strb r9, [r11, #3]\n"
        "    .endif\n"
        "    adds r1, #4\n"
        "    cmp r0, r12\n"
        "    str r1, [sp, #16]\n"
        "    bne.w 1b\n"
        /* the next group: its patches begin where this one's end */
        "    ldrd r0, r2, [sp, #32]\n"
        "    ldr r5, [sp, #0]\n"
        "    ldr r6, [sp, #8]\n"
        "    ldr r7, [sp, #20]\n"
        "    ldr r8, [sp, #40]\n"
        "    subs r2, #1\n"
        "    str r2, [sp, #36]\n"
        "    sub r5, r6, r5\n"
        "    add r5, r6, r5\n"
        "    add r8, r8, r7, lsl #(\\pixels - 1)\n"
        "    str r6, [sp, #0]\n"
        "    str r5, [sp, #8]\n"
        "    str r8, [sp, #40]\n"
        "    str r8, [sp, #16]\n"
        "    bne.w 1b\n"
        "    add sp, #52\n"
        "    pop {r4-r11, pc}\n"
        "5:\n"
        "    emg_gemm_double r2, r3\n"
        "    emg_gemm_double r4, r5\n"
        "    .if \\pixels == 2\n"
        "    emg_gemm_double r6, r7\n"
        "    emg_gemm_double r8, r9\n"
        "    .endif\n"
        "    ldr lr, [sp, #44]\n"
        "    ldr r1, [r0], #4\n"
        "    emg_gemm_round_channel \\pixels, r2, r6\n"
        "    emg_gemm_round_channel \\pixels, r3, r7\n"
        "    emg_gemm_round_channel \\pixels, r4, r8\n"
        "    emg_gemm_round_channel \\pixels, r5, r9\n"
        "    ldr r1, [sp, #28]\n"
        "    ldrsh r11, [r1, #12]\n"
        "    ldrsh r12, [r1, #14]\n"
        "    sub r1, r12, r11\n"
        "    cmp r1, #255\n"
        "    beq 4b\n"
        "    emg_gemm_clamp r2\n"
        "    emg_gemm_clamp r3\n"
        "    emg_gemm_clamp r4\n"
        "    emg_gemm_clamp r5\n"
        "    .if \\pixels == 2\n"
        "    emg_gemm_clamp r6\n"
        "    emg_gemm_clamp r7\n"
        "    emg_gemm_clamp r8\n"
        "    emg_gemm_clamp r9\n"
        "    .endif\n"
        "    b 4b\n"
        "emg_function_end \\name\n"
        ".endm\n"
        "    emg_gemm_4ch emg_gemm_4ch_2px_s8, 2, 32, 56\n"
        "    emg_gemm_4ch emg_gemm_4ch_1px_s8, 1, 8, 36\n" EMG_ASM_END);

#else

static int32_t high_word(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b) >> 32);
}

/* Channel `i` of a quad: its sum is B, or else (C - B) / 256. `ending`: what follows the weights. */
static int8_t requantized(uint32_t b, uint32_t c, const int32_t *ending, int32_t i,
                          const emg_gemm_4ch_s8_t *shape) {
    const int32_t sum = (int32_t)(i % 2 == 0 ? b : c - b);
    if (shape->rectified) {
        const int32_t multiplier = ending[2 * i], offset = ending[2 * i + 1];
        return (int8_t)emg_clamp((high_word(sum, multiplier) + offset) >> (offset & 0xff), INT8_MIN,
                                 INT8_MAX);
    }
    const int32_t multiplier = ending[i + 1];
    const int32_t shift = (int32_t)((uint32_t)ending[0] >> (8 * i) & 0xff);
    const int32_t offset = (int32_t)((uint32_t)shape->zero_point << shift);
    const int32_t whole = i % 2 == 0 ? sum : sum >> 8;
    const int32_t scaled = emg_high_mul(whole, multiplier) + offset - (whole < 0 ? 1 : 0);
    return (int8_t)emg_clamp(scaled >> shift >> 1, shape->low, shape->high);
}

static void one_quad(const int32_t *stream, const uint32_t *x, int32_t apart, int8_t *out,
                     const emg_gemm_4ch_s8_t *shape) {
    const int32_t *weights = stream + 4;
    for (int32_t pair = 0; pair < 2; ++pair) {
        uint32_t b = (uint32_t)stream[2 * pair];
        uint32_t c = (uint32_t)stream[2 * pair + 1];
        for (int32_t k = 0; k < shape->steps; ++k) {
            const int32_t low = emg_low_half(x[apart * k]), high = emg_high_half(x[apart * k]);
            const uint32_t w = (uint32_t)weights[2 * k + pair];
            const uint32_t w0 = emg_even_bytes(w);
            b += (uint32_t)(emg_low_half(w0) * low + emg_high_half(w0) * high);
            c += (uint32_t)(emg_low_half(w) * low) + (uint32_t)(emg_high_half(w) * high);
        }
        out[2 * pair] = requantized(b, c, weights + 2 * shape->steps, 2 * pair, shape);
        out[2 * pair + 1] = requantized(b, c, weights + 2 * shape->steps, 2 * pair + 1, shape);
    }
}

static void all_quads(const int32_t *stream, const uint32_t *patches, int32_t pixels, int8_t *out,
                      const emg_gemm_4ch_s8_t *shape) {
    const int32_t words = 2 * shape->steps + (shape->rectified ? 12 : 9);
    for (int32_t quad = 0; quad < shape->quads; ++quad, out += 4, stream += words) {
        for (int32_t pixel = 0; pixel < pixels; ++pixel) {
            one_quad(stream, patches + pixel, pixels, out + pixel * 4 * shape->quads, shape);
        }
    }
}

static void all_groups(const int32_t *stream, const uint32_t *patches, int32_t pixels, int8_t *out,
                       const emg_gemm_4ch_s8_t *shape, int32_t groups) {
    for (; groups > 0; --groups, patches += pixels * shape->steps, out += 4 * pixels * shape->quads) {
        all_quads(stream, patches, pixels, out, shape);
    }
}

void emg_gemm_4ch_2px_s8(const int32_t *stream, const uint32_t *patches, int8_t *out,
                         const emg_gemm_4ch_s8_t *shape, int32_t groups) {
    all_groups(stream, patches, 2, out, shape, groups);
}

void emg_gemm_4ch_1px_s8(const int32_t *stream, const uint32_t *patches, int8_t *out,
                         const emg_gemm_4ch_s8_t *shape, int32_t groups) {
    all_groups(stream, patches, 1, out, shape, groups);
}

#endif
