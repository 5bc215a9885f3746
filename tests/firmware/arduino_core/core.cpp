/* `PROGRAM FD`: the sketch as a process; Serial is that descriptor, the master side of a pty. */
#include "Arduino.h"

#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int g_fd = -1;
static bool g_open;

HardwareSerial Serial;

/* A sketch that forgets to open its port, or opens it at a rate that no port has, gets nothing. */
void HardwareSerial::begin(unsigned long baud) {
    g_open = baud >= 9600 && baud <= 4000000;
}

void HardwareSerial::end() {
    g_open = false;
}

int HardwareSerial::available() {
    struct pollfd one = {g_fd, POLLIN, 0};
    return g_open && poll(&one, 1, 1) == 1 && (one.revents & POLLIN) != 0 ? 1 : 0;
}

int HardwareSerial::read() {
    uint8_t byte;
    return g_open && ::read(g_fd, &byte, 1) == 1 ? byte : -1;
}

size_t HardwareSerial::write(uint8_t byte) {
    return write(&byte, 1);
}

/* Takes a few bytes at a time, as a driver with a small buffer does. */
size_t HardwareSerial::write(const uint8_t *data, size_t length) {
    const ssize_t done = g_open ? ::write(g_fd, data, length < 24 ? length : 24) : 0;
    return done > 0 ? static_cast<size_t>(done) : 0;
}

void HardwareSerial::flush() {
    tcdrain(g_fd);
}

unsigned long micros() {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<unsigned long>(now.tv_sec) * 1000000 + static_cast<unsigned long>(now.tv_nsec) / 1000;
}

unsigned long millis() {
    return micros() / 1000;
}

int main(int argc, char **argv) {
    g_fd = argc == 2 ? atoi(argv[1]) : -1;
    setup();
    for (;;) {
        loop();
    }
}
