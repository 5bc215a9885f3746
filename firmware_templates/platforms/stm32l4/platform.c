/* SPDX-License-Identifier: MIT */
/* Clock, serial port and cycle counter of the STM32L4+ (reference manual RM0432). */
#include <stdint.h>

#include "../build_info.h"
#include "../runtime/platform.h"
#include "board.h"
#include "core.h"
#include "ring.h"

#define RCC_CR EMG_REGISTER(0x40021000u)
#define RCC_CFGR EMG_REGISTER(0x40021008u)
#define RCC_PLLCFGR EMG_REGISTER(0x4002100Cu)
#define RCC_AHB2ENR EMG_REGISTER(0x4002104Cu)
#define RCC_APB1ENR1 EMG_REGISTER(0x40021058u)
#define RCC_APB1ENR2 EMG_REGISTER(0x4002105Cu)
#define RCC_CR_PLLON (1u << 24)
#define RCC_CR_PLLRDY (1u << 25)
#define RCC_CFGR_SW_PLL 3u
#define RCC_CFGR_SWS_MASK (3u << 2)
#define RCC_CFGR_SWS_PLL (3u << 2)
#define RCC_CFGR_HPRE_MASK (15u << 4)
#define RCC_CFGR_HPRE_HALF (8u << 4)
#define RCC_PLLCFGR_SOURCE_MSI 1u
#define RCC_PLLCFGR_N_SHIFT 8u
#define RCC_PLLCFGR_R_ENABLE (1u << 24)
#define RCC_AHB2ENR_GPIOG (1u << 6)
#define RCC_APB1ENR1_PWR (1u << 28)
#define RCC_APB1ENR2_LPUART1 1u

#define PWR_CR2 EMG_REGISTER(0x40007004u)
#define PWR_SR2 EMG_REGISTER(0x40007014u)
#define PWR_CR5 EMG_REGISTER(0x40007080u)
#define PWR_CR2_IOSV (1u << 9)
#define PWR_SR2_VOSF (1u << 10)
#define PWR_CR5_R1MODE (1u << 8)

#define FLASH_ACR EMG_REGISTER(0x40022000u)
#define FLASH_ACR_LATENCY_MASK 15u
#define FLASH_ACR_PREFETCH (1u << 8)
#define FLASH_ACR_CACHES (3u << 9)

#define GPIOG_MODER EMG_REGISTER(0x48001800u)
#define GPIOG_AFRL EMG_REGISTER(0x48001820u)
#define GPIOG_AFRH EMG_REGISTER(0x48001824u)

#define UART_CR1 EMG_REGISTER(EMG_UART_BASE + 0x00u)
#define UART_BRR EMG_REGISTER(EMG_UART_BASE + 0x0Cu)
#define UART_ISR EMG_REGISTER(EMG_UART_BASE + 0x1Cu)
#define UART_ICR EMG_REGISTER(EMG_UART_BASE + 0x20u)
#define UART_RDR EMG_REGISTER(EMG_UART_BASE + 0x24u)
#define UART_TDR EMG_REGISTER(EMG_UART_BASE + 0x28u)
#define CR1_ENABLE 1u
#define CR1_RECEIVE (1u << 2)
#define CR1_TRANSMIT (1u << 3)
#define CR1_RX_INTERRUPT (1u << 5)
#define ISR_ERRORS 15u /* parity, framing, noise, overrun; ICR clears them by the same bits */
#define ISR_OVERRUN (1u << 3)
#define ISR_RX_FULL (1u << 5)
#define ISR_TX_DONE (1u << 6)
#define ISR_TX_EMPTY (1u << 7)

/* After reset the core runs from the MSI oscillator at 4 MHz. The PLL multiplies that by N and halves it. */
#define MSI_HZ 4000000u
#define PLL_N (EMG_CLOCK_HZ / (MSI_HZ / 2u))
#if EMG_CLOCK_HZ != MSI_HZ &&                                                                                \
    (EMG_CLOCK_HZ % (MSI_HZ / 2u) != 0u || EMG_CLOCK_HZ < 32000000u || EMG_CLOCK_HZ > 120000000u)
#error "clock_hz must be 4 MHz, or a multiple of 2 MHz from 32 to 120 MHz"
#endif

/* LPUART1 divides 256 times its clock, into a register of 20 bits that holds at least 0x300. */
#define LEAST_DIVIDER 0x300u
#define MOST_DIVIDER 0xFFFFFu

static emg_ring_t g_received;
static volatile uint32_t g_dropped;

void emg_uart_rx_handler(void);

const emg_platform_info_t emg_platform_info = {EMG_BOARD_NAME, EMG_CLOCK_HZ,      EMG_CLOCK_HZ,
                                               "dwt",          EMG_RX_RING_BYTES, EMG_UART_BAUD};

/* Above 80 MHz the regulator must be in boost mode and the bus may not speed up in one step (RM0432,
 * section 5.1.8 and the note on HPRE): half speed while switching, full speed a microsecond later. */
static void start_clock(void) {
    volatile uint32_t delay;
    if (EMG_CLOCK_HZ == MSI_HZ) {
        return;
    }
    PWR_CR5 &= ~PWR_CR5_R1MODE;
    while ((PWR_SR2 & PWR_SR2_VOSF) != 0u) {
    }
    FLASH_ACR = (FLASH_ACR & ~FLASH_ACR_LATENCY_MASK) | ((EMG_CLOCK_HZ - 1u) / 20000000u);
    FLASH_ACR |= FLASH_ACR_PREFETCH | FLASH_ACR_CACHES;
    RCC_PLLCFGR = RCC_PLLCFGR_SOURCE_MSI | (PLL_N << RCC_PLLCFGR_N_SHIFT) | RCC_PLLCFGR_R_ENABLE;
    RCC_CR |= RCC_CR_PLLON;
    while ((RCC_CR & RCC_CR_PLLRDY) == 0u) {
    }
    RCC_CFGR = (RCC_CFGR & ~RCC_CFGR_HPRE_MASK) | RCC_CFGR_HPRE_HALF;
    RCC_CFGR |= RCC_CFGR_SW_PLL;
    while ((RCC_CFGR & RCC_CFGR_SWS_MASK) != RCC_CFGR_SWS_PLL) {
    }
    for (delay = 0; delay < 200u; delay = delay + 1u) {
    }
    RCC_CFGR &= ~RCC_CFGR_HPRE_MASK;
}

static void start_cycle_counter(void) {
    EMG_DEMCR |= EMG_DEMCR_TRCENA;
    EMG_DWT_CYCCNT = 0;
    EMG_DWT_CTRL |= EMG_DWT_CTRL_CYCCNTENA;
}

/* PG7 and PG8 as alternate function 8; pins 2 to 15 of port G have their own supply to switch on. */
static void start_pins(void) {
    PWR_CR2 |= PWR_CR2_IOSV;
    RCC_AHB2ENR |= RCC_AHB2ENR_GPIOG;
    (void)RCC_AHB2ENR; /* the clock is there two cycles after the write */
    GPIOG_AFRL = (GPIOG_AFRL & ~(15u << 28)) | (8u << 28);
    GPIOG_AFRH = (GPIOG_AFRH & ~15u) | 8u;
    GPIOG_MODER = (GPIOG_MODER & ~(15u << 14)) | (10u << 14);
}

static uint32_t divider_for(uint32_t baud) {
    return baud == 0u ? 0u : (uint32_t)((256u * (uint64_t)EMG_CLOCK_HZ + baud / 2u) / baud);
}

void emg_platform_init(void) {
    RCC_APB1ENR1 |= RCC_APB1ENR1_PWR;
    (void)RCC_APB1ENR1;
    start_clock();
    start_cycle_counter();
    start_pins();
    RCC_APB1ENR2 |= RCC_APB1ENR2_LPUART1;
    (void)RCC_APB1ENR2;
    UART_BRR = divider_for(EMG_UART_BAUD);
    UART_CR1 = CR1_ENABLE | CR1_RECEIVE | CR1_TRANSMIT | CR1_RX_INTERRUPT;
    emg_interrupt_enable(EMG_UART_IRQ);
    emg_interrupts_on();
}

int emg_platform_set_baud(uint32_t baud) {
    const uint32_t divider = divider_for(baud);
    if (divider < LEAST_DIVIDER || divider > MOST_DIVIDER) {
        return 0;
    }
    while ((UART_ISR & ISR_TX_DONE) == 0u) {
    }
    UART_CR1 &= ~CR1_ENABLE; /* BRR can be written only while the UART is off */
    UART_BRR = divider;
    UART_CR1 |= CR1_ENABLE;
    return 1;
}

void emg_uart_rx_handler(void) {
    const uint32_t status = UART_ISR;
    if ((status & ISR_OVERRUN) != 0u) {
        g_dropped = g_dropped + 1u;
    }
    UART_ICR = status & ISR_ERRORS;
    if ((status & ISR_RX_FULL) != 0u) {
        const uint8_t byte = (uint8_t)UART_RDR;
        if (emg_ring_is_full(&g_received)) {
            g_dropped = g_dropped + 1u;
        } else {
            emg_ring_put(&g_received, byte);
        }
    }
}

int emg_platform_read(void) {
    return emg_ring_take(&g_received);
}

uint32_t emg_platform_rx_dropped(void) {
    return g_dropped;
}

void emg_platform_write(const uint8_t *data, uint32_t length) {
    while (length-- > 0u) {
        while ((UART_ISR & ISR_TX_EMPTY) == 0u) {
        }
        UART_TDR = *data++;
    }
}

uint32_t emg_platform_ticks(void) {
    return EMG_DWT_CYCCNT;
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
