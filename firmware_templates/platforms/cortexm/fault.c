/* SPDX-License-Identifier: MIT */
/* A fault is reported as a line of text on the wire, which the host keeps as log text, and the core
 * then stays asleep: a device in an unknown state answers nothing. */
#include <stdint.h>

#include "../runtime/platform.h"
#include "core.h"

extern uint32_t emg_stack_bottom[], emg_stack_top[];

void emg_fault_handler(void);
void emg_fault_report(const uint32_t *frame);

static void say(const char *text) {
    uint32_t length = 0;
    while (text[length] != '\0') {
        length++;
    }
    emg_platform_write((const uint8_t *)text, length);
}

static void say_hex(const char *name, uint32_t value) {
    static const char digits[] = "0123456789abcdef";
    char text[9];
    int i;
    for (i = 0; i < 8; i++) {
        text[i] = digits[(value >> (28 - 4 * i)) & 15u];
    }
    text[8] = '\0';
    say(name);
    say(text);
}

void emg_fault_report(const uint32_t *frame) {
    emg_interrupts_off();
    say("\r\nemg fault:");
    if (frame < emg_stack_bottom || frame + 8 > emg_stack_top) {
        say(" stack overflow, sp=0x");
        say_hex("", (uint32_t)(uintptr_t)frame);
    } else {
        say_hex(" pc=0x", frame[6]);
        say_hex(" lr=0x", frame[5]);
    }
    say_hex(" hfsr=0x", EMG_SCB_HFSR);
    say_hex(" cfsr=0x", EMG_SCB_CFSR);
    say_hex(" bfar=0x", EMG_SCB_BFAR);
    say("\r\n");
    for (;;) {
        emg_wait_for_interrupt();
    }
}

/* Starts the stack anew, because a fault by overflow leaves none to push to; nothing returns. */
__attribute__((naked)) void emg_fault_handler(void) {
    __asm volatile("mrs r0, msp\n\t"
                   "ldr r1, =emg_stack_top\n\t"
                   "msr msp, r1\n\t"
                   "b emg_fault_report\n\t"
                   ".ltorg");
}
