/* The CMSDK UART of the MPS2 and MPS3 boards (Cortex-M System Design Kit TRM, DDI 0479, section 4.3). */
#include <stdint.h>

#include "../build_info.h"
#include "../runtime/platform.h"
#include "board.h"
#include "core.h"
#include "ring.h"
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

static emg_ring_t g_received;
static volatile uint32_t g_overruns;

void emg_uart_rx_handler(void);

/* An instruction is reported as one tick of the core clock: times are those of a core of one
 * instruction per cycle. */
const emg_platform_info_t emg_platform_info = {EMG_BOARD_NAME,          EMG_CLOCK_HZ,      EMG_CLOCK_HZ,
                                               "emulated-instructions", EMG_RX_RING_BYTES, EMG_UART_BAUD};

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
    UART_CTRL = CTRL_TX_ENABLE | CTRL_RX_ENABLE | CTRL_RX_INTERRUPT;
    /* Drops a stale byte; and a read is what makes QEMU look again whether the UART takes input. */
    (void)UART_DATA;
    emg_interrupt_enable(EMG_UART_IRQ);
    emg_interrupts_on();
}

/* A full ring leaves the byte in the UART and stops its interrupt: a sender with flow control waits,
 * which QEMU's character devices do, and one without overruns, which a frame's checksum notices. */
void emg_uart_rx_handler(void) {
    UART_INTCLEAR = INTERRUPT_RX;
    if ((UART_STATE & STATE_RX_OVERRUN) != 0u) {
        UART_STATE = STATE_RX_OVERRUN;
        g_overruns++;
    }
    while ((UART_STATE & STATE_RX_FULL) != 0u) {
        if (emg_ring_is_full(&g_received)) {
            UART_CTRL &= ~CTRL_RX_INTERRUPT;
            return;
        }
        emg_ring_put(&g_received, (uint8_t)UART_DATA);
    }
}

/* With the interrupt stopped, a byte waits in the UART without raising a new one: fetch it by hand. */
static void resume_receiving(void) {
    emg_interrupts_off();
    UART_CTRL |= CTRL_RX_INTERRUPT;
    emg_uart_rx_handler();
    emg_interrupts_on();
}

int emg_platform_read(void) {
    const int byte = emg_ring_take(&g_received);
    if (byte >= 0 && (UART_CTRL & CTRL_RX_INTERRUPT) == 0u) {
        resume_receiving();
    }
    return byte;
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

/* Interrupts stay off between the look and the sleep, so that a byte cannot slip in between; a pending
 * interrupt ends the sleep all the same. No clock would. */
void emg_platform_idle(int watching) {
    emg_interrupts_off();
    if (!watching && emg_ring_is_empty(&g_received)) {
        emg_wait_for_interrupt();
    }
    emg_interrupts_on();
}
