#include "gemm_3px_s8.h"

#include "../requantize.h"
#include "simd.h"

#if EMG_DSP_ASM

/* Registers of the inner loop: r0 stream, r1 patches, r3 blocks left; r4-r9 the sums B and C of the
 * three pixels; r10 weights, r11 the same widened; r12, lr, r2 one word of each pixel's inputs.
 * Single loads stand together, because a run of n of them takes n + 1 cycles on Cortex-M4. The
 * steps are unrolled in blocks of 32; the first block is entered so that the rest fills it.
 * On the stack: out, patches, entry, blocks, stride, zero_point, clamped, stream's end, low, high. */
__asm__(".syntax unified\n"
        ".thumb\n"
        ".macro emg_gemm_step\n"
        "    ldr r10, [r0], #4\n"
        "    ldr r12, [r1], #4\n"
        "    ldr lr, [r1], #4\n"
        "    ldr r2, [r1], #4\n"
        "    sxtb16 r11, r10\n"
        "    smlad r4, r11, r12, r4\n"
        "    smlad r5, r10, r12, r5\n"
        "    smlad r6, r11, lr, r6\n"
        "    smlad r7, r10, lr, r7\n"
        "    smlad r8, r11, r2, r8\n"
        "    smlad r9, r10, r2, r9\n"
        ".endm\n"
        /* From twice the sum to the output, both in \sum. r2: offset, r12: shift. */
        ".macro emg_gemm_output sum, multiplier, rectified\n"
        "    smmlar r1, \\sum, \\multiplier, r2\n"
        "    .if \\rectified == 0\n"
        "    add r1, r1, \\sum, asr #31\n"
        "    .endif\n"
        "    asr r1, r1, r12\n"
        "    ssat \\sum, #8, r1, asr #1\n"
        ".endm\n"
        ".macro emg_gemm_clamp value\n"
        "    cmp \\value, r1\n"
        "    it lt\n"
        "    movlt \\value, r1\n"
        "    cmp \\value, r2\n"
        "    it gt\n"
        "    movgt \\value, r2\n"
        ".endm\n"
        ".macro emg_gemm_3px name, rectified\n"
        ".section .text.\\name, \"ax\", %progbits\n"
        ".align 2\n"
        ".global \\name\n"
        ".type \\name, %function\n"
        ".thumb_func\n"
        "\\name:\n"
        "    push {r4-r11, lr}\n"
        "    sub sp, #44\n"
        "    ldm r3, {r4-r9}\n"
        /* entry: 44 bytes of code for each step that the first block leaves out */
        "    subs r10, r4, #1\n"
        "    asr r11, r10, #5\n"
        "    and r10, r10, #31\n"
        "    rsb r10, r10, #31\n"
        "    movs r12, #44\n"
        "    mul r10, r10, r12\n"
        "    adr r12, 2f\n"
        "    add r10, r10, r12\n"
        "    orr r10, r10, #1\n"
        /* stream's end: pairs * (steps + 5) words */
        "    adds r4, #5\n"
        "    mul r4, r4, r5\n"
        "    add r4, r0, r4, lsl #2\n"
        "    sub r12, r9, r8\n"
        "    subs r12, #255\n"
        "    strd r2, r1, [sp, #0]\n"
        "    strd r10, r11, [sp, #8]\n"
        "    strd r6, r7, [sp, #16]\n"
        "    strd r12, r4, [sp, #24]\n"
        "    strd r8, r9, [sp, #32]\n"
        "1:\n"
        "    ldr r4, [r0], #4\n"
        "    ldr r5, [r0], #4\n"
        "    ldr r1, [sp, #4]\n"
        "    ldr r12, [sp, #8]\n"
        "    ldr r3, [sp, #12]\n"
        "    mov r6, r4\n"
        "    mov r7, r5\n"
        "    mov r8, r4\n"
        "    mov r9, r5\n"
        "    bx r12\n"
        "    .align 2\n"
        "2:\n"
        "    .rept 32\n"
        "    emg_gemm_step\n"
        "    .endr\n"
        "    subs r3, #1\n"
        "    bge.w 2b\n"
        "    ldr r10, [r0], #4\n"
        "    ldr r11, [r0], #4\n"
        "    ldr r12, [r0], #4\n"
        "    ldr r2, [sp, #20]\n"
        "    ldr r3, [sp, #0]\n"
        "    ldr lr, [sp, #16]\n"
        "    subs r5, r5, r4\n"
        "    subs r7, r7, r6\n"
        "    sub r9, r9, r8\n"
        "    lsls r4, r4, #1\n"
        "    lsls r6, r6, #1\n"
        "    lsl r8, r8, #1\n"
        "    asrs r5, r5, #7\n"
        "    asrs r7, r7, #7\n"
        "    asr r9, r9, #7\n"
        "    lsl r2, r2, r12\n"
        "    emg_gemm_output r4, r10, \\rectified\n"
        "    emg_gemm_output r6, r10, \\rectified\n"
        "    emg_gemm_output r8, r10, \\rectified\n"
        "    ldr r2, [sp, #20]\n"
        "    ldr r1, [sp, #24]\n"
        "    ldr r10, [sp, #28]\n"
        "    lsr r12, r12, #8\n"
        "    lsl r2, r2, r12\n"
        "    cbnz r1, 4f\n"
        "    emg_gemm_output r5, r11, \\rectified\n"
        "    emg_gemm_output r7, r11, \\rectified\n"
        "    emg_gemm_output r9, r11, \\rectified\n"
        "3:\n"
        "    add r1, r3, lr\n"
        "    strb r5, [r3, #1]\n"
        "    strb r4, [r3], #2\n"
        "    add lr, lr, r1\n"
        "    strb r6, [r1]\n"
        "    strb r7, [r1, #1]\n"
        "    strb r8, [lr]\n"
        "    strb r9, [lr, #1]\n"
        "    str r3, [sp, #0]\n"
        "    cmp r0, r10\n"
        "    bne 1b\n"
        "    add sp, #44\n"
        "    pop {r4-r11, pc}\n"
        "4:\n"
        "    emg_gemm_output r5, r11, \\rectified\n"
        "    emg_gemm_output r7, r11, \\rectified\n"
        "    emg_gemm_output r9, r11, \\rectified\n"
        "    ldrd r1, r2, [sp, #32]\n"
        "    emg_gemm_clamp r4\n"
        "    emg_gemm_clamp r5\n"
        "    emg_gemm_clamp r6\n"
        "    emg_gemm_clamp r7\n"
        "    emg_gemm_clamp r8\n"
        "    emg_gemm_clamp r9\n"
        "    b 3b\n"
        ".size \\name, . - \\name\n"
        ".endm\n"
        "    emg_gemm_3px emg_gemm_3px_s8, 0\n"
        "    emg_gemm_3px emg_gemm_3px_rectified_s8, 1\n"
        ".text\n");

#else

/* Shift amounts reach 0 here where the shift is 1, so the last bit goes in a step of its own. */
static int8_t requantized(int32_t sum, int32_t multiplier, int32_t shift, const emg_gemm_3px_s8_t *shape) {
    const int32_t offset = (int32_t)((uint32_t)shape->zero_point << shift);
    const int32_t scaled = emg_high_mul(sum, multiplier) + offset - (sum < 0 ? 1 : 0);
    return (int8_t)emg_clamp((scaled >> shift) >> 1, shape->low, shape->high);
}

void emg_gemm_3px_s8(const int32_t *stream, const uint32_t *patches, int8_t *out,
                     const emg_gemm_3px_s8_t *shape) {
    for (int32_t pair = 0; pair < shape->pairs; ++pair) {
        const int32_t *weights = stream + 2;
        const int32_t *ending = weights + shape->steps;
        for (int32_t pixel = 0; pixel < 3; ++pixel) {
            uint32_t b = (uint32_t)stream[0];
            uint32_t c = (uint32_t)stream[1];
            for (int32_t k = 0; k < shape->steps; ++k) {
                const uint32_t x = patches[3 * k + pixel];
                const uint32_t w = (uint32_t)weights[k];
                const uint32_t w0 = emg_even_bytes(w);
                b += (uint32_t)(emg_low_half(w0) * emg_low_half(x) + emg_high_half(w0) * emg_high_half(x));
                c += (uint32_t)(emg_low_half(w) * emg_low_half(x)) +
                     (uint32_t)(emg_high_half(w) * emg_high_half(x));
            }
            int8_t *at = out + 2 * pair + pixel * shape->stride;
            at[0] = requantized((int32_t)b, ending[0], ending[2] & 0xff, shape);
            at[1] = requantized((int32_t)(c - b) >> 8, ending[1], ending[2] >> 8, shape);
        }
        stream = ending + 3;
    }
}

void emg_gemm_3px_rectified_s8(const int32_t *stream, const uint32_t *patches, int8_t *out,
                               const emg_gemm_3px_s8_t *shape) {
    emg_gemm_3px_s8(stream, patches, out, shape);
}

#endif
