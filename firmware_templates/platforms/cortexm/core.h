/* SPDX-License-Identifier: MIT */
/* The registers of the ARMv7-M core that the firmware touches (ARMv7-M Architecture Reference Manual,
 * DDI 0403, sections B3.2, B3.5 and C1.8). */
#ifndef EMG_CORE_H
#define EMG_CORE_H

#include <stdint.h>

#define EMG_REGISTER(address) (*(volatile uint32_t *)(address))

#define EMG_NVIC_ENABLE(irq) EMG_REGISTER(0xE000E100u + 4u * ((irq) / 32u))
#define EMG_SCB_VTOR EMG_REGISTER(0xE000ED08u)
#define EMG_SCB_CFSR EMG_REGISTER(0xE000ED28u)
#define EMG_SCB_HFSR EMG_REGISTER(0xE000ED2Cu)
#define EMG_SCB_BFAR EMG_REGISTER(0xE000ED38u)
#define EMG_SCB_CPACR EMG_REGISTER(0xE000ED88u)
#define EMG_MPU_TYPE EMG_REGISTER(0xE000ED90u)
#define EMG_MPU_CTRL EMG_REGISTER(0xE000ED94u)
#define EMG_MPU_RBAR EMG_REGISTER(0xE000ED9Cu)
#define EMG_MPU_RASR EMG_REGISTER(0xE000EDA0u)
#define EMG_DEMCR EMG_REGISTER(0xE000EDFCu)
#define EMG_DEMCR_TRCENA (1u << 24)
#define EMG_DWT_CTRL EMG_REGISTER(0xE0001000u)
#define EMG_DWT_CYCCNT EMG_REGISTER(0xE0001004u)
#define EMG_DWT_CTRL_CYCCNTENA 1u

static inline void emg_interrupt_enable(uint32_t irq) {
    EMG_NVIC_ENABLE(irq) = 1u << (irq % 32u);
}

static inline void emg_interrupts_off(void) {
    __asm volatile("cpsid i" ::: "memory");
}

static inline void emg_interrupts_on(void) {
    __asm volatile("cpsie i\n\tisb" ::: "memory");
}

/* Returns when an interrupt is pending, also while interrupts are off. */
static inline void emg_wait_for_interrupt(void) {
    __asm volatile("dsb\n\twfi" ::: "memory");
}

static inline void emg_barrier(void) {
    __asm volatile("dsb\n\tisb" ::: "memory");
}

#endif
