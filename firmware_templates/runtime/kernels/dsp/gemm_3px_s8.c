#include "gemm_3px_s8.h"

#include "../requantize.h"
#include "simd.h"

#if EMG_DSP_ASM

/* Registers of the inner loop: r0 stream, r1 patches, r3 steps left; r4-r9 the sums B and C of the
 * three pixels; r10 weights, r11 the same widened; r12, lr, r2 one word of each pixel's inputs.
 * Single loads stand together, because a run of n of them takes n + 1 cycles on Cortex-M4.
 * On the stack: out, patches, pairs left, stride, zero_point, low, high, steps. */
__asm__(
    ".syntax unified\n"
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
    /* Twice the sum in \\sum; the output in \\sum afterwards. r2: offset, r12: shift. */
    ".macro emg_gemm_output sum, multiplier\n"
    "    smmlar r1, \\sum, \\multiplier, r2\n"
    "    add r1, r1, \\sum, asr #31\n"
    "    asr r1, r1, r12\n"
    "    ssat \\sum, #8, r1, asr #1\n"
    ".endm\n"
    ".macro emg_gemm_clamp value, low, high\n"
    "    cmp \\value, \\low\n"
    "    it lt\n"
    "    movlt \\value, \\low\n"
    "    cmp \\value, \\high\n"
    "    it gt\n"
    "    movgt \\value, \\high\n"
    ".endm\n"
    ".section .text.emg_gemm_3px_s8, \"ax\", %progbits\n"
    ".align 2\n"
    ".global emg_gemm_3px_s8\n"
    ".type emg_gemm_3px_s8, %function\n"
    ".thumb_func\n"
    "emg_gemm_3px_s8:\n"
    "    push {r4-r11, lr}\n"
    "    sub sp, #36\n"
    "    ldm r3, {r4-r9}\n"
    "    str r2, [sp, #0]\n"
    "    str r1, [sp, #4]\n"
    "    str r5, [sp, #8]\n"
    "    str r6, [sp, #12]\n"
    "    str r7, [sp, #16]\n"
    "    str r8, [sp, #20]\n"
    "    str r9, [sp, #24]\n"
    "    str r4, [sp, #28]\n"
    "1:\n"
    "    ldr r4, [r0], #4\n"
    "    ldr r5, [r0], #4\n"
    "    ldr r3, [sp, #28]\n"
    "    ldr r1, [sp, #4]\n"
    "    mov r6, r4\n"
    "    mov r7, r5\n"
    "    mov r8, r4\n"
    "    mov r9, r5\n"
    "    subs r3, #8\n"
    "    blt 3f\n"
    "2:\n"
    "    .rept 8\n"
    "    emg_gemm_step\n"
    "    .endr\n"
    "    subs r3, #8\n"
    "    bge 2b\n"
    "3:\n"
    "    cmn r3, #8\n"
    "    beq 4f\n"
    "    .rept 4\n"
    "    emg_gemm_step\n"
    "    .endr\n"
    "4:\n"
    "    ldr r10, [r0], #4\n"
    "    ldr r11, [r0], #4\n"
    "    ldr r12, [r0], #4\n"
    "    ldr r2, [sp, #16]\n"
    "    ldr lr, [sp, #12]\n"
    "    ldr r3, [sp, #0]\n"
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
    "    emg_gemm_output r4, r10\n"
    "    emg_gemm_output r6, r10\n"
    "    emg_gemm_output r8, r10\n"
    "    ldr r2, [sp, #16]\n"
    "    lsr r12, r12, #8\n"
    "    lsl r2, r2, r12\n"
    "    emg_gemm_output r5, r11\n"
    "    emg_gemm_output r7, r11\n"
    "    emg_gemm_output r9, r11\n"
    "    ldr r1, [sp, #20]\n"
    "    ldr r2, [sp, #24]\n"
    "    sub r12, r2, r1\n"
    "    cmp r12, #255\n"
    "    beq 5f\n"
    "    emg_gemm_clamp r4, r1, r2\n"
    "    emg_gemm_clamp r5, r1, r2\n"
    "    emg_gemm_clamp r6, r1, r2\n"
    "    emg_gemm_clamp r7, r1, r2\n"
    "    emg_gemm_clamp r8, r1, r2\n"
    "    emg_gemm_clamp r9, r1, r2\n"
    "5:\n"
    "    strb r6, [r3, lr]\n"
    "    strb r8, [r3, lr, lsl #1]\n"
    "    strb r4, [r3], #1\n"
    "    strb r7, [r3, lr]\n"
    "    strb r9, [r3, lr, lsl #1]\n"
    "    strb r5, [r3], #1\n"
    "    ldr r1, [sp, #8]\n"
    "    str r3, [sp, #0]\n"
    "    subs r1, #1\n"
    "    str r1, [sp, #8]\n"
    "    bne 1b\n"
    "    add sp, #36\n"
    "    pop {r4-r11, pc}\n"
    ".size emg_gemm_3px_s8, . - emg_gemm_3px_s8\n"
    ".text\n");

#else

/* Shift amounts reach 0 here where the shift is 1, so the last bit goes in a step of its own. */
static int8_t requantized(int32_t sum, int32_t multiplier, int32_t shift, const emg_gemm_3px_s8_t *shape) {
    const int32_t offset = (int32_t)((uint32_t)shape->zero_point << shift);
    const int32_t scaled = emg_high_mul(sum, multiplier) + offset - (sum < 0 ? 1 : 0);
    return (int8_t)emg_clamp((scaled >> shift) >> 1, shape->low, shape->high);
}

void emg_gemm_3px_s8(const int32_t *stream, const uint32_t *patches, int8_t *out, const emg_gemm_3px_s8_t *shape) {
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
                c += (uint32_t)(emg_low_half(w) * emg_low_half(x)) + (uint32_t)(emg_high_half(w) * emg_high_half(x));
            }
            int8_t *at = out + 2 * pair + pixel * shape->stride;
            at[0] = requantized((int32_t)b, ending[0], ending[2] & 0xff, shape);
            at[1] = requantized((int32_t)(c - b) >> 8, ending[1], ending[2] >> 8, shape);
        }
        stream = ending + 3;
    }
}

#endif
