/* SPDX-License-Identifier: MIT */
/* From reset to the application: floating point on, memory as C expects it, stack painted. */
#include <stdint.h>

#include "../runtime/platform.h"
#include "board.h"
#include "core.h"

#define STACK_PAINT 0x57ACC0DEu

/* Placed by linker.ld. */
extern uint32_t emg_data_load[], emg_data_start[], emg_data_end[];
extern uint32_t emg_bss_start[], emg_bss_end[];
extern uint32_t emg_stack_bottom[], emg_stack_top[];

extern const uint32_t emg_vectors[];

void emg_reset_handler(void);

static void copy_words(uint32_t *to, const uint32_t *end, const uint32_t *from) {
    while (to < end) {
        *to++ = *from++;
    }
}

static void fill_words(volatile uint32_t *to, const volatile uint32_t *end, uint32_t value) {
    while (to < end) {
        *to++ = value;
    }
}

/* Paints what lies below this function's own frame; 64 bytes of distance keep the frame itself out. */
static __attribute__((noinline)) void paint_stack(void) {
    const uint32_t *const here = (const uint32_t *)((uintptr_t)__builtin_frame_address(0) & ~(uintptr_t)3u);
    fill_words(emg_stack_bottom, here - 16, STACK_PAINT);
}

uint32_t emg_platform_stack_used(void) {
    const volatile uint32_t *lowest = emg_stack_bottom;
    while (lowest < emg_stack_top && *lowest == STACK_PAINT) {
        lowest++;
    }
    return (uint32_t)((uintptr_t)emg_stack_top - (uintptr_t)lowest);
}

static __attribute__((noinline)) void start(void) {
    copy_words(emg_data_start, emg_data_end, emg_data_load);
    fill_words(emg_bss_start, emg_bss_end, 0);
    paint_stack();
    emg_platform_init();
    emg_app_run();
}

#if __ARM_ARCH >= 8
/* The core itself checks the stack pointer against a limit. */
static void guard_stack(void) {
    __asm volatile("msr msplim, %0" ::"r"(emg_stack_bottom));
}
#elif __ARM_ARCH == 7
/* Not every memory ends where its board says (QEMU's MPS2 swallows writes below its RAM), so that the
 * 4 KB below the stack are closed by the memory protection unit, where the core has one. */
static void guard_stack(void) {
    if ((EMG_MPU_TYPE & 0xFF00u) == 0u) {
        return;
    }
    EMG_MPU_RBAR = ((uint32_t)(uintptr_t)emg_stack_bottom - 4096u) | 0x10u; /* VALID, region 0 */
    EMG_MPU_RASR = (11u << 1) | 1u;                                         /* 2^12 bytes, no access */
    EMG_MPU_CTRL = 5u; /* enabled; the default map for all else */
    emg_barrier();
}
#else
static void guard_stack(void) {}
#endif

void emg_reset_handler(void) {
    EMG_SCB_VTOR = (uint32_t)(uintptr_t)emg_vectors;
#if defined(__ARM_FP)
    EMG_SCB_CPACR |= 0xFu << 20; /* full access to CP10 and CP11 */
    emg_barrier();
#endif
    guard_stack();
    start();
    for (;;) {
    }
}
