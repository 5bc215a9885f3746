/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* cfmakeraw */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <termios.h>
#include <unistd.h>

#include "../runtime/platform.h"
#include "tty.h"

#define IDLE_MILLISECONDS 100
#define READ_BYTES 512

static int g_tty = -1;
static int g_has_settings; /* it is a tty, not a pipe */
static struct termios g_before;
static uint8_t g_received[READ_BYTES];
static size_t g_next;
static size_t g_count;
static volatile sig_atomic_t g_stop;

static void stop(int number) {
    (void)number;
    g_stop = 1;
}

void emg_tty_leave(void) {
    if (g_has_settings) {
        (void)tcsetattr(g_tty, TCSANOW, &g_before);
    }
    if (g_tty >= 0) {
        close(g_tty);
    }
    exit(EXIT_SUCCESS);
}

static speed_t speed_of(uint32_t baud) {
    static const struct {
        uint32_t baud;
        speed_t speed;
    } rates[] = {{9600, B9600},       {19200, B19200},     {38400, B38400},     {57600, B57600},
                 {115200, B115200},   {230400, B230400},   {460800, B460800},   {500000, B500000},
                 {921600, B921600},   {1000000, B1000000}, {1500000, B1500000}, {2000000, B2000000},
                 {3000000, B3000000}, {4000000, B4000000}};
    size_t i;
    for (i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        if (rates[i].baud == baud) {
            return rates[i].speed;
        }
    }
    return B0;
}

/* Reads the rate back, because a driver without rates may take the call and change nothing. Linux gives
 * the constant that was set, NuttX the rate itself. */
static int holds(speed_t speed, uint32_t baud) {
    struct termios settings;
    memset(&settings, 0, sizeof settings);
    if (tcgetattr(g_tty, &settings) != 0) {
        return 0;
    }
    return cfgetospeed(&settings) == speed || cfgetospeed(&settings) == (speed_t)baud;
}

int emg_platform_set_baud(uint32_t baud) {
    struct termios settings;
    const speed_t speed = speed_of(baud);
    if (speed == B0 || tcgetattr(g_tty, &settings) != 0) {
        return 0;
    }
    if (cfsetspeed(&settings, speed) != 0 || tcsetattr(g_tty, TCSADRAIN, &settings) != 0) {
        return 0;
    }
    return holds(speed, baud);
}

static int make_raw(void) {
    struct termios settings;
    if (tcgetattr(g_tty, &g_before) != 0) {
        return 0;
    }
    g_has_settings = 1;
    settings = g_before;
    cfmakeraw(&settings);
    settings.c_cc[VMIN] = 1; /* a read without data says EAGAIN; 0 is left to mean hang-up */
    settings.c_cc[VTIME] = 0;
    settings.c_cflag |= CLOCAL | CREAD;
    return tcsetattr(g_tty, TCSANOW, &settings);
}

static void stop_on_signals(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = stop;
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

int emg_tty_open(const char *path, uint32_t baud) {
    g_tty = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (g_tty < 0 || make_raw() != 0) {
        return -1;
    }
    if (baud != 0u && !emg_platform_set_baud(baud)) {
        errno = EINVAL;
        return -1;
    }
    stop_on_signals();
    return 0;
}

/* The other side closed the line for good: nobody is left to speak to. */
static void leave_when_hung_up(ssize_t result) {
    if (result == 0 || (result < 0 && errno != EAGAIN && errno != EINTR)) {
        emg_tty_leave();
    }
}

int emg_platform_read(void) {
    if (g_stop) {
        emg_tty_leave();
    }
    if (g_next == g_count) {
        const ssize_t result = read(g_tty, g_received, sizeof g_received);
        g_next = 0;
        g_count = result > 0 ? (size_t)result : 0;
        if (result <= 0) {
            leave_when_hung_up(result);
            return -1;
        }
    }
    return g_received[g_next++];
}

static void wait_for(int space_to_write) {
    struct pollfd tty;
    tty.fd = g_tty;
    tty.events = space_to_write ? POLLOUT : POLLIN;
    tty.revents = 0;
    (void)poll(&tty, 1, IDLE_MILLISECONDS);
}

void emg_platform_write(const uint8_t *data, uint32_t length) {
    while (length > 0u) {
        const ssize_t written = write(g_tty, data, length);
        if (written <= 0) {
            leave_when_hung_up(written);
            if (g_stop) {
                emg_tty_leave();
            }
            wait_for(1);
            continue;
        }
        data += written;
        length -= (uint32_t)written;
    }
}

void emg_platform_idle(int watching) {
    (void)watching; /* it never sleeps longer */
    wait_for(0);
}

uint32_t emg_platform_rx_dropped(void) {
    return 0;
}
