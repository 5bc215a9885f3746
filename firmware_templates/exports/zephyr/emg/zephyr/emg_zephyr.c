/* SPDX-License-Identifier: MIT */
/* What the application needs from a board, by way of Zephyr's drivers. */
#include "emg_zephyr.h"

#include <errno.h>
#include <string.h>

#include <zephyr/device.h>
#include <zephyr/devicetree.h>
#include <zephyr/drivers/uart.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/ring_buffer.h>

#include "../build_info.h"
#include "../runtime/platform.h"
#include "cycle_counter.h"

#if DT_HAS_CHOSEN(emg_wire)
#define WIRE_NODE DT_CHOSEN(emg_wire)
#else
#define WIRE_NODE DT_CHOSEN(zephyr_console)
#endif

#define READ_BYTES 64
/* The clock is looked at once in this time, so that its 32 bits cannot go around unseen. */
#define IDLE_MILLISECONDS 1000
#define WATCHING_MILLISECONDS 100
/* Bits that a driver's own buffer may still hold when it has taken the last byte. */
#define BITS_IN_FLIGHT 640u

static const struct device *const g_uart = DEVICE_DT_GET(WIRE_NODE);
static char g_timing_source[] = "dwt\0-----"; /* or "os-clock" */
static int g_has_cycle_counter;
static uint32_t g_last_cycles; /* of Zephyr's clock */
static uint64_t g_elapsed;     /* cycles of it since the start */
static uint32_t g_dropped;
static uint32_t g_baud;

RING_BUF_DECLARE(g_received, CONFIG_EMG_RX_BUFFER);
K_SEM_DEFINE(g_arrived, 0, 1);

const emg_platform_info_t emg_platform_info = {
    EMG_BOARD_NAME,  EMG_CLOCK_HZ,         EMG_CLOCK_HZ,
    g_timing_source, CONFIG_EMG_RX_BUFFER, DT_PROP_OR(WIRE_NODE, current_speed, EMG_UART_BAUD)};

static void on_interrupt(const struct device *uart, void *unused) {
    uint8_t bytes[READ_BYTES];
    ARG_UNUSED(unused);
    while (uart_irq_update(uart) > 0 && uart_irq_rx_ready(uart) > 0) {
        const int count = uart_fifo_read(uart, bytes, READ_BYTES);
        if (count <= 0) {
            break;
        }
        g_dropped += (uint32_t)count - ring_buf_put(&g_received, bytes, (uint32_t)count);
        k_sem_give(&g_arrived);
    }
}

void emg_platform_init(void) {
    g_has_cycle_counter = emg_cycle_counter_start();
    if (!g_has_cycle_counter) {
        memcpy(g_timing_source, "os-clock", sizeof "os-clock");
    }
}

int emg_platform_read(void) {
    static uint8_t bytes[READ_BYTES];
    static uint32_t next;
    static uint32_t count;
    if (next == count) {
        next = 0;
        count = ring_buf_get(&g_received, bytes, READ_BYTES);
        if (count == 0) {
            return -1;
        }
    }
    return bytes[next++];
}

void emg_platform_write(const uint8_t *data, uint32_t length) {
    while (length-- > 0) {
        uart_poll_out(g_uart, *data++);
    }
}

#ifdef CONFIG_UART_USE_RUNTIME_CONFIGURE
int emg_platform_set_baud(uint32_t baud) {
    struct uart_config settings;
    if (uart_config_get(g_uart, &settings) != 0) {
        return 0;
    }
    if (baud == g_baud) {
        return 1;
    }
    k_busy_wait(BITS_IN_FLIGHT * 1000000u / g_baud);
    settings.baudrate = baud;
    if (uart_configure(g_uart, &settings) != 0) {
        return 0;
    }
    g_baud = baud;
    return 1;
}
#else
int emg_platform_set_baud(uint32_t baud) {
    ARG_UNUSED(baud);
    return 0;
}
#endif

uint32_t emg_platform_rx_dropped(void) {
    return g_dropped;
}

/* Zephyr's clock in ticks of the core's. */
static uint32_t clock_ticks(void) {
    const uint32_t now = k_cycle_get_32();
    const uint32_t rate = (uint32_t)sys_clock_hw_cycles_per_sec();
    g_elapsed += now - g_last_cycles;
    g_last_cycles = now;
    return (uint32_t)(g_elapsed / rate * EMG_CLOCK_HZ + g_elapsed % rate * EMG_CLOCK_HZ / rate);
}

uint32_t emg_platform_ticks(void) {
    return g_has_cycle_counter ? emg_cycle_counter() : clock_ticks();
}

void emg_platform_idle(int watching) {
    (void)k_sem_take(&g_arrived, K_MSEC(watching ? WATCHING_MILLISECONDS : IDLE_MILLISECONDS));
    (void)emg_platform_ticks();
}

uint32_t emg_platform_stack_used(void) {
#if defined(CONFIG_INIT_STACKS) && defined(CONFIG_THREAD_STACK_INFO)
    const struct k_thread *const self = k_current_get();
    size_t unused;
    if (k_thread_stack_space_get(self, &unused) == 0) {
        return (uint32_t)(self->stack_info.size - unused);
    }
#endif
    return 0;
}

int emg_zephyr_run(void) {
    if (!device_is_ready(g_uart)) {
        return -ENODEV;
    }
    if (uart_irq_callback_user_data_set(g_uart, on_interrupt, NULL) != 0) {
        return -ENOTSUP;
    }
    g_baud = emg_platform_info.baud;
    emg_platform_init();
    uart_irq_rx_enable(g_uart);
    emg_app_run();
    return 0;
}
