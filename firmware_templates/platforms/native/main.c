/* SPDX-License-Identifier: MIT */
/* The firmware as a process: `PROGRAM TTY` opens that tty raw and speaks the wire until killed. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../build_info.h"
#include "../runtime/platform.h"
#include "tty.h"

/* Told to the host as it would be by a small board, although a pty holds more. */
#define RX_BUFFER_BYTES 256u

const emg_platform_info_t emg_platform_info = {EMG_BOARD_NAME, EMG_CLOCK_HZ,    1000000000u,
                                               "host-clock",   RX_BUFFER_BYTES, EMG_UART_BAUD};

void emg_platform_init(void) {}

uint32_t emg_platform_ticks(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
}

uint32_t emg_platform_stack_used(void) {
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s TTY\n", argc > 0 ? argv[0] : "firmware");
        return 2;
    }
    if (emg_tty_open(argv[1], 0) != 0) {
        fprintf(stderr, "%s: cannot open %s as a tty: %s\n", argv[0], argv[1], strerror(errno));
        return 6;
    }
    emg_platform_init();
    emg_app_run();
    return 0;
}
