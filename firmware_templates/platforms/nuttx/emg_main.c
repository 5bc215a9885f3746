/* SPDX-License-Identifier: MIT */
/* The application's entry under NuttX: `emg [-d DEVICE] [-b BAUD]`, or without arguments as the first
 * program. It opens its tty raw, speaks the wire on it, and gives it back on SIGTERM or hang-up. */
#include <nuttx/config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../build_info.h"
#include "../runtime/platform.h"
#include "cycle_counter.h"
#include "tty.h"

/* As the first program it runs on the stack that the system gives to that one. */
#if defined(CONFIG_INIT_STACKSIZE) && CONFIG_INIT_STACKSIZE < CONFIG_EMG_APP_STACKSIZE
#define STACK_BYTES CONFIG_INIT_STACKSIZE
#else
#define STACK_BYTES CONFIG_EMG_APP_STACKSIZE
#endif
/* Above main's frame lies what started it, below the paint what the system keeps at the bottom. */
#define STACK_NOT_PAINTED 1024u
#define STACK_ABOVE_MAIN 256u
#define STACK_PAINT 0x57ACC0DEu

static char g_timing_source[] = "dwt\0-----"; /* or "os-clock" */
static int g_has_cycle_counter;
static uint32_t g_last_ticks;
static volatile uint32_t *g_paint_bottom;
static volatile uint32_t *g_paint_top;

/* NuttX keeps one byte of a ring buffer free. */
const emg_platform_info_t emg_platform_info = {EMG_BOARD_NAME,
                                               EMG_CLOCK_HZ,
                                               EMG_CLOCK_HZ,
                                               g_timing_source,
                                               CONFIG_EMG_APP_DRIVER_BUFFER - 1,
                                               CONFIG_EMG_APP_BAUD != 0 ? CONFIG_EMG_APP_BAUD
                                                                        : EMG_UART_BAUD};

void emg_platform_init(void) {
    g_has_cycle_counter = emg_cycle_counter_start();
    if (!g_has_cycle_counter) {
        memcpy(g_timing_source, "os-clock", sizeof "os-clock");
    }
}

/* The system's clock in ticks of the core's; where it steps back (QEMU), time stands still instead. */
static uint32_t clock_ticks(void) {
    struct timespec now;
    uint32_t ticks;
    clock_gettime(CLOCK_MONOTONIC, &now);
    ticks = (uint32_t)((uint64_t)now.tv_sec * EMG_CLOCK_HZ) +
            (uint32_t)((uint64_t)now.tv_nsec * EMG_CLOCK_HZ / 1000000000u);
    if ((int32_t)(ticks - g_last_ticks) > 0) {
        g_last_ticks = ticks;
    }
    return g_last_ticks;
}

uint32_t emg_platform_ticks(void) {
    return g_has_cycle_counter ? emg_cycle_counter() : clock_ticks();
}

static void paint_stack(volatile uint32_t *here) {
    volatile uint32_t *word;
    g_paint_top = here - 16; /* below the frames of main and of this function */
    g_paint_bottom = g_paint_top;
    if (STACK_BYTES > STACK_NOT_PAINTED + 64u) {
        g_paint_bottom = here - (STACK_BYTES - STACK_NOT_PAINTED) / sizeof *here;
    }
    for (word = g_paint_bottom; word < g_paint_top; word++) {
        *word = STACK_PAINT;
    }
}

uint32_t emg_platform_stack_used(void) {
    volatile uint32_t *lowest = g_paint_bottom;
    if (lowest == g_paint_top) {
        return 0; /* too small a stack to paint */
    }
    while (lowest < g_paint_top && *lowest == STACK_PAINT) {
        lowest++;
    }
    return (uint32_t)((uintptr_t)g_paint_top - (uintptr_t)lowest) + STACK_ABOVE_MAIN;
}

int main(int argc, char *argv[]) {
    const char *device = CONFIG_EMG_APP_DEVICE;
    uint32_t baud = CONFIG_EMG_APP_BAUD;
    int option;
    while ((option = getopt(argc, argv, "d:b:")) != -1) {
        if (option == 'd') {
            device = optarg;
        } else if (option == 'b') {
            baud = (uint32_t)strtoul(optarg, NULL, 10);
        } else {
            fprintf(stderr, "usage: emg [-d DEVICE] [-b BAUD]\n");
            return EXIT_FAILURE;
        }
    }
    if (emg_tty_open(device, baud) != 0) {
        fprintf(stderr, "emg: cannot open %s raw at this rate: %s\n", device, strerror(errno));
        return EXIT_FAILURE;
    }
    paint_stack((volatile uint32_t *)((uintptr_t)__builtin_frame_address(0) & ~(uintptr_t)3u));
    emg_platform_init();
    emg_app_run();
    return EXIT_SUCCESS;
}
