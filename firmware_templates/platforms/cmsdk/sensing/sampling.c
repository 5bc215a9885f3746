/* SPDX-License-Identifier: MIT */
/* A second timer of the Cortex-M System Design Kit (TRM, DDI 0479, section 4.2) interrupts at each sampling
 * interval. */
#include "../runtime/sensing/sampling.h"

#include "../build_info.h"
#include "../runtime/platform.h"
#include "../runtime/sensing/sensing.h"
#include "board.h"
#include "core.h"

#define TIMER_CTRL EMG_REGISTER(EMG_SAMPLING_BASE + 0x00u)
#define TIMER_VALUE EMG_REGISTER(EMG_SAMPLING_BASE + 0x04u)
#define TIMER_RELOAD EMG_REGISTER(EMG_SAMPLING_BASE + 0x08u)
#define TIMER_INTCLEAR EMG_REGISTER(EMG_SAMPLING_BASE + 0x0Cu)
#define CTRL_ENABLE 1u
#define CTRL_INTERRUPT 8u

/* Ticks of emg_platform_ticks(), nanoseconds of the emulated clock, in one step of the timer. */
#define STEP (1000000000u / EMG_CLOCK_HZ)

void emg_sampling_handler(void);

void emg_sampling_handler(void) {
    TIMER_INTCLEAR = 1u;
    emg_sampling_tick();
}

uint32_t emg_sampling_start(uint32_t period) {
    const uint32_t steps = (period + STEP / 2u) / STEP;
    if (steps < 2u) {
        return 0;
    }
    TIMER_CTRL = 0;
    TIMER_RELOAD = steps - 1u;
    TIMER_VALUE = steps - 1u;
    TIMER_INTCLEAR = 1u;
    emg_interrupt_enable(EMG_SAMPLING_IRQ);
    TIMER_CTRL = CTRL_ENABLE | CTRL_INTERRUPT;
    return steps * STEP;
}

void emg_sampling_stop(void) {
    TIMER_CTRL = 0;
    TIMER_INTCLEAR = 1u;
}

/* An interrupt that is pending ends the sleep although interrupts are off. */
void emg_sampling_idle(void) {
    emg_interrupts_off();
    if (!emg_sensing_has_samples()) {
        emg_wait_for_interrupt();
    }
    emg_interrupts_on();
}
