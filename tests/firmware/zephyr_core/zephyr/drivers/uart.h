#ifndef FAKE_UART_H
#define FAKE_UART_H
#include <stdint.h>
#include <zephyr/device.h>
struct uart_config {
    uint32_t baudrate;
};
typedef void (*uart_irq_callback_user_data_t)(const struct device *uart, void *data);
int uart_irq_callback_user_data_set(const struct device *uart, uart_irq_callback_user_data_t callback,
                                    void *data);
void uart_irq_rx_enable(const struct device *uart);
int uart_irq_update(const struct device *uart);
int uart_irq_rx_ready(const struct device *uart);
int uart_fifo_read(const struct device *uart, uint8_t *bytes, int size);
void uart_poll_out(const struct device *uart, unsigned char byte);
int uart_config_get(const struct device *uart, struct uart_config *settings);
int uart_configure(const struct device *uart, const struct uart_config *settings);
#endif
