/* SPDX-License-Identifier: MIT */
/* What the application needs from a board. Each folder of platforms/ implements it once. */
#ifndef EMG_PLATFORM_H
#define EMG_PLATFORM_H

#include <stdint.h>

typedef struct {
    const char *board;         /* name of the board file */
    uint32_t clock_hz;         /* core clock */
    uint32_t tick_hz;          /* rate of emg_platform_ticks(); equal to clock_hz where ticks are cycles */
    const char *timing_source; /* "dwt", "emulated-instructions", "host-clock", ... */
    uint32_t rx_buffer_bytes;  /* bytes that may wait for the application without loss */
    uint32_t baud;             /* rate of the wire after reset */
} emg_platform_info_t;

extern const emg_platform_info_t emg_platform_info;

void emg_platform_init(void);

/* The next received byte, 0..255, or -1 when none waits. Never blocks. */
int emg_platform_read(void);

/* Returns once every byte was handed to the wire. */
void emg_platform_write(const uint8_t *data, uint32_t length);

/* Once every written byte has left, switches the wire to `baud`: 1 when it now holds, 0 when it cannot
 * (the rate is then unchanged). */
int emg_platform_set_baud(uint32_t baud);

/* Bytes lost since reset because the buffer was full, as far as the platform can tell. */
uint32_t emg_platform_rx_dropped(void);

/* Free-running, wraps modulo 2^32. */
uint32_t emg_platform_ticks(void);

/* Called when nothing waits to be read: sleeps until a byte may have arrived, or returns at once. With
 * `watching` time has to be watched: sleeps for 100 ms at most, where it can be woken by a clock. */
void emg_platform_idle(int watching);

/* Most bytes of stack ever used since reset, 0 where the platform cannot tell. */
uint32_t emg_platform_stack_used(void);

/* The application (runtime/app), after emg_platform_init(). emg_app_run() never returns; where somebody
 * else owns the main loop, emg_app_begin() once and then emg_app_step() again and again. */
void emg_app_run(void);
void emg_app_begin(void);
void emg_app_step(void);

#endif
