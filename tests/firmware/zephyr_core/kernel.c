/* `PROGRAM FD`: the module as a process. The UART is that descriptor, the master side of a pty, and its
 * interrupt comes when the module waits. */
#define _POSIX_C_SOURCE 200809L

#include <emg/zephyr/emg_zephyr.h>
#include <zephyr/device.h>
#include <zephyr/drivers/uart.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/ring_buffer.h>

#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define CLOCK_HZ 32768u /* slow and unlike the core's, as on boards whose clock runs while they sleep */

struct device fake_uart = {-1};
static uart_irq_callback_user_data_t g_callback;
static void *g_data;
static int g_enabled;
static uint32_t g_baud = 115200;
static struct k_thread g_thread = {{4096}};

int uart_irq_callback_user_data_set(const struct device *uart, uart_irq_callback_user_data_t callback,
                                    void *data) {
    (void)uart;
    g_callback = callback;
    g_data = data;
    return 0;
}

void uart_irq_rx_enable(const struct device *uart) {
    (void)uart;
    g_enabled = g_callback != NULL;
}

int uart_irq_update(const struct device *uart) {
    (void)uart;
    return 1;
}

static int arrives_within(int milliseconds) {
    struct pollfd one = {fake_uart.fd, POLLIN, 0};
    return poll(&one, 1, milliseconds) == 1 && (one.revents & POLLIN) != 0;
}

int uart_irq_rx_ready(const struct device *uart) {
    (void)uart;
    return arrives_within(0);
}

int uart_fifo_read(const struct device *uart, uint8_t *bytes, int size) {
    const ssize_t count = read(uart->fd, bytes, size < 16 ? (size_t)size : 16u);
    return count > 0 ? (int)count : 0;
}

void uart_poll_out(const struct device *uart, unsigned char byte) {
    while (write(uart->fd, &byte, 1) != 1) {
    }
}

int uart_config_get(const struct device *uart, struct uart_config *settings) {
    (void)uart;
    settings->baudrate = g_baud;
    return 0;
}

int uart_configure(const struct device *uart, const struct uart_config *settings) {
    (void)uart;
    g_baud = settings->baudrate;
    return 0;
}

void k_sem_give(struct k_sem *semaphore) {
    semaphore->count = 1;
}

int k_sem_take(struct k_sem *semaphore, int milliseconds) {
    if (semaphore->count == 0 && g_enabled && arrives_within(milliseconds)) {
        g_callback(&fake_uart, g_data);
    }
    semaphore->count = 0;
    return 0;
}

void k_busy_wait(uint32_t microseconds) {
    const struct timespec time = {0, (long)microseconds * 1000};
    (void)nanosleep(&time, NULL);
}

uint32_t k_cycle_get_32(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * CLOCK_HZ + (uint64_t)now.tv_nsec * CLOCK_HZ / 1000000000u);
}

int sys_clock_hw_cycles_per_sec(void) {
    return (int)CLOCK_HZ;
}

struct k_thread *k_current_get(void) {
    return &g_thread;
}

int k_thread_stack_space_get(const struct k_thread *thread, size_t *unused) {
    *unused = thread->stack_info.size - 1000;
    return 0;
}

static uint32_t least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

uint32_t ring_buf_put(struct ring_buf *ring, const uint8_t *bytes, uint32_t count) {
    const uint32_t taken = least(count, ring->size - (ring->put - ring->got));
    uint32_t i;
    for (i = 0; i < taken; i++) {
        ring->bytes[ring->put++ % ring->size] = bytes[i];
    }
    return taken;
}

uint32_t ring_buf_get(struct ring_buf *ring, uint8_t *bytes, uint32_t count) {
    const uint32_t taken = least(count, ring->put - ring->got);
    uint32_t i;
    for (i = 0; i < taken; i++) {
        bytes[i] = ring->bytes[ring->got++ % ring->size];
    }
    return taken;
}

int main(int argc, char **argv) {
    fake_uart.fd = argc == 2 ? atoi(argv[1]) : -1;
    return emg_zephyr_run();
}
