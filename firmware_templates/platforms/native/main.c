/* The firmware as a process: `PROGRAM TTY` opens that tty raw and speaks the wire until killed. */
#define _DEFAULT_SOURCE /* cfmakeraw */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "../build_info.h"
#include "../runtime/platform.h"

#define IDLE_MILLISECONDS 100
/* Told to the host as it would be by a small board, although a pty holds more. */
#define RX_BUFFER_BYTES 256u

static int g_tty = -1;
static uint8_t g_received[4096];
static size_t g_next;
static size_t g_count;

const emg_platform_info_t emg_platform_info = {EMG_BOARD_NAME, EMG_CLOCK_HZ,    1000000000u,
                                               "host-clock",   RX_BUFFER_BYTES, EMG_UART_BAUD};

void emg_platform_init(void) {}

/* The other side closed the line for good: nobody is left to speak to. */
static void leave_when_hung_up(ssize_t result) {
    if (result == 0 || (result < 0 && errno != EAGAIN && errno != EINTR)) {
        exit(EXIT_SUCCESS);
    }
}

int emg_platform_read(void) {
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

static void wait_for(short events, int milliseconds) {
    struct pollfd tty = {g_tty, events, 0};
    (void)poll(&tty, 1, milliseconds);
}

void emg_platform_write(const uint8_t *data, uint32_t length) {
    while (length > 0) {
        const ssize_t written = write(g_tty, data, length);
        if (written <= 0) {
            leave_when_hung_up(written);
            wait_for(POLLOUT, -1);
            continue;
        }
        data += written;
        length -= (uint32_t)written;
    }
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

int emg_platform_set_baud(uint32_t baud) {
    struct termios settings;
    const speed_t speed = speed_of(baud);
    if (speed == B0 || tcgetattr(g_tty, &settings) != 0) {
        return 0;
    }
    return cfsetspeed(&settings, speed) == 0 && tcsetattr(g_tty, TCSADRAIN, &settings) == 0;
}

uint32_t emg_platform_rx_dropped(void) {
    return 0;
}

uint32_t emg_platform_ticks(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
}

void emg_platform_idle(void) {
    wait_for(POLLIN, IDLE_MILLISECONDS);
}

uint32_t emg_platform_stack_used(void) {
    return 0;
}

static int open_raw(const char *path) {
    struct termios settings;
    const int tty = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (tty < 0) {
        return -1;
    }
    if (tcgetattr(tty, &settings) == 0) {
        cfmakeraw(&settings);
        settings.c_cc[VMIN] = 1; /* a read without data says EAGAIN; 0 is left to mean hang-up */
        settings.c_cc[VTIME] = 0;
        settings.c_cflag |= CLOCAL | CREAD;
        if (tcsetattr(tty, TCSANOW, &settings) != 0) {
            close(tty);
            return -1;
        }
    }
    return tty;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s TTY\n", argc > 0 ? argv[0] : "firmware");
        return 2;
    }
    g_tty = open_raw(argv[1]);
    if (g_tty < 0) {
        fprintf(stderr, "%s: cannot open %s as a tty: %s\n", argv[0], argv[1], strerror(errno));
        return 6;
    }
    emg_platform_init();
    emg_app_run();
    return 0;
}
