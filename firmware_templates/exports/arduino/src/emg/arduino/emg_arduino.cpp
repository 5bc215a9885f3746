/* SPDX-License-Identifier: MIT */
/* What the application needs from a board, by way of the Arduino core. */
#include "../../emgdeploy.h"

#include <string.h>

extern "C" {
#include "../runtime/platform.h"
#include "cycle_counter.h"
}

/* Bytes that the core's serial driver keeps while an inference runs; the host never sends more ahead. */
#ifndef EMG_RX_BUFFER_BYTES
#if defined(ARDUINO_ARCH_SPRESENSE)
#define EMG_RX_BUFFER_BYTES 255u /* NuttX's default of 256, one of which stays free */
#elif defined(SERIAL_BUFFER_SIZE)
#define EMG_RX_BUFFER_BYTES (SERIAL_BUFFER_SIZE - 1u)
#elif defined(SERIAL_RX_BUFFER_SIZE)
#define EMG_RX_BUFFER_BYTES (SERIAL_RX_BUFFER_SIZE - 1u)
#else
#define EMG_RX_BUFFER_BYTES 63u
#endif
#endif

/* Most bytes taken in one call of emg_arduino_poll(), so that loop() has its turn. */
#define BYTES_PER_POLL 1024

/* The longest that the port may take nothing. */
#define WRITE_MILLISECONDS 1000u

#define TICKS_PER_MICROSECOND (EMG_CLOCK_HZ / 1000000u)

static char g_timing_source[] = "arduino-micros"; /* or "dwt" */
static int g_has_cycle_counter;
static Stream *g_port;
static emg_arduino_open_t g_reopen;
static uint32_t g_baud = EMG_UART_BAUD;

extern "C" {

const emg_platform_info_t emg_platform_info = {
    EMG_BOARD_NAME,  EMG_CLOCK_HZ,        TICKS_PER_MICROSECOND * 1000000u,
    g_timing_source, EMG_RX_BUFFER_BYTES, EMG_UART_BAUD};

void emg_platform_init(void) {
    g_has_cycle_counter = emg_cycle_counter_start();
    if (g_has_cycle_counter) {
        memcpy(g_timing_source, "dwt", sizeof "dwt");
    }
}

int emg_platform_read(void) {
    return g_port->available() > 0 ? g_port->read() : -1;
}

/* A USB port without a listener takes nothing: the frame is then dropped, and the host asks again. */
void emg_platform_write(const uint8_t *data, uint32_t length) {
    uint32_t done = 0;
    uint32_t begin = static_cast<uint32_t>(millis());
    while (done < length && static_cast<uint32_t>(millis()) - begin < WRITE_MILLISECONDS) {
        const uint32_t left = length - done;
        const uint32_t count = static_cast<uint32_t>(g_port->write(data + done, left));
        if (count > 0 && count <= left) {
            done += count;
            begin = static_cast<uint32_t>(millis());
        }
    }
}

int emg_platform_set_baud(uint32_t baud) {
    if (g_reopen != nullptr && baud != g_baud) {
        g_reopen(g_port, baud);
        g_baud = baud;
    }
    return g_reopen != nullptr;
}

uint32_t emg_platform_rx_dropped(void) {
    return 0;
}

uint32_t emg_platform_ticks(void) {
    return g_has_cycle_counter ? emg_cycle_counter()
                               : static_cast<uint32_t>(micros()) * TICKS_PER_MICROSECOND;
}

void emg_platform_idle(int) {}

uint32_t emg_platform_stack_used(void) {
    return 0;
}

void emg_arduino_attach(Stream *port, emg_arduino_open_t reopen) {
    g_port = port;
    g_reopen = reopen;
    emg_platform_init();
    emg_app_begin();
}

void emg_arduino_poll(void) {
    int count = 0;
    do {
        emg_app_step();
        count++;
    } while (count < BYTES_PER_POLL && g_port->available() > 0);
}
}
