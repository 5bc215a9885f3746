/* SPDX-License-Identifier: MIT */
/* The CMSDK UART of the MPS2 and MPS3 boards (Cortex-M System Design Kit TRM, DDI 0479, section 4.3). */
#include <stdint.h>

#include "../build_info.h"
#include "../runtime/platform.h"
#include "board.h"
#include "core.h"
#include "timer.h"

#define UART_DATA EMG_REGISTER(EMG_UART_BASE + 0x00u)
#define UART_STATE EMG_REGISTER(EMG_UART_BASE + 0x04u)
#define UART_CTRL EMG_REGISTER(EMG_UART_BASE + 0x08u)
#define UART_INTCLEAR EMG_REGISTER(EMG_UART_BASE + 0x0Cu)
#define UART_BAUDDIV EMG_REGISTER(EMG_UART_BASE + 0x10u)
#define STATE_TX_FULL 1u
#define STATE_RX_FULL 2u
#define STATE_RX_OVERRUN 8u
#define CTRL_TX_ENABLE 1u
#define CTRL_RX_ENABLE 2u
#define CTRL_RX_INTERRUPT 8u
#define INTERRUPT_RX 2u
#define BAUDDIV_LEAST 16u

#if EMG_UART_CLOCK_HZ / EMG_UART_BAUD < BAUDDIV_LEAST
#error "the baud rate is above a sixteenth of the UART's clock"
#endif

/* Where the line has flow control, as QEMU's character devices have, what is not fetched waits there. */
#define WAITING_BYTES 4096u

static uint32_t g_overruns;

void emg_uart_rx_handler(void);

/* An instruction is reported as one tick of the core clock: times are those of a core of one
 * instruction per cycle. */
const emg_platform_info_t emg_platform_info = {EMG_BOARD_NAME,          EMG_CLOCK_HZ,  EMG_CLOCK_HZ,
                                               "emulated-instructions", WAITING_BYTES, EMG_UART_BAUD};

int emg_platform_set_baud(uint32_t baud) {
    const uint32_t divider = baud == 0u ? 0u : EMG_UART_CLOCK_HZ / baud;
    if (divider < BAUDDIV_LEAST) {
        return 0;
    }
    while ((UART_STATE & STATE_TX_FULL) != 0u) {
    }
    UART_BAUDDIV = divider;
    return 1;
}

void emg_platform_init(void) {
    emg_timer_start();
    UART_BAUDDIV = EMG_UART_CLOCK_HZ / EMG_UART_BAUD;
    UART_CTRL = CTRL_TX_ENABLE | CTRL_RX_ENABLE;
    /* Drops a stale byte; and a read is what makes QEMU look again whether the UART takes input. */
    (void)UART_DATA;
    emg_interrupt_enable(EMG_UART_IRQ);
    emg_interrupts_on();
}

/* The interrupt only ends a sleep: bytes are fetched when the application asks, so that none that arrives
 * during an inference adds to its instructions. */
void emg_uart_rx_handler(void) {
    UART_INTCLEAR = INTERRUPT_RX;
}

int emg_platform_read(void) {
    const uint32_t state = UART_STATE;
    if ((state & STATE_RX_OVERRUN) != 0u) {
        UART_STATE = STATE_RX_OVERRUN;
        g_overruns++;
    }
    return (state & STATE_RX_FULL) != 0u ? (int)(UART_DATA & 0xFFu) : -1;
}

/* At least one byte was lost per overrun; the UART does not count them. */
uint32_t emg_platform_rx_dropped(void) {
    return g_overruns;
}

void emg_platform_write(const uint8_t *data, uint32_t length) {
    while (length-- > 0u) {
        while ((UART_STATE & STATE_TX_FULL) != 0u) {
        }
        UART_DATA = *data++;
    }
}

/* QEMU under `-icount shift=0` lets one nanosecond pass per instruction. */
uint32_t emg_platform_ticks(void) {
    return emg_timer_nanoseconds();
}

/* The receive interrupt is allowed first and looked for a byte then: one that came before raises none. A
 * pending interrupt ends the sleep although interrupts are off; no clock would. */
void emg_platform_idle(int watching) {
    if (watching) {
        return;
    }
    emg_interrupts_off();
    UART_CTRL |= CTRL_RX_INTERRUPT;
    if ((UART_STATE & STATE_RX_FULL) == 0u) {
        emg_wait_for_interrupt();
    }
    UART_CTRL &= ~CTRL_RX_INTERRUPT;
    emg_interrupts_on();
}
