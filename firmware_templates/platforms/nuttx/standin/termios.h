/* SPDX-License-Identifier: MIT */
/* Stands in for NuttX's header where only sizes are wanted; the values are arbitrary. */
#ifndef EMG_STANDIN_TERMIOS_H
#define EMG_STANDIN_TERMIOS_H

#define VMIN 4
#define VTIME 5
#define CLOCAL 0x800u
#define CREAD 0x80u
#define TCSANOW 0
#define TCSADRAIN 1
#define B0 0u
#define B9600 9600u
#define B19200 19200u
#define B38400 38400u
#define B57600 57600u
#define B115200 115200u
#define B230400 230400u
#define B460800 460800u
#define B500000 500000u
#define B921600 921600u
#define B1000000 1000000u
#define B1500000 1500000u
#define B2000000 2000000u
#define B3000000 3000000u
#define B4000000 4000000u

typedef unsigned int tcflag_t;
typedef unsigned char cc_t;
typedef unsigned int speed_t;

struct termios {
    tcflag_t c_iflag;
    tcflag_t c_oflag;
    tcflag_t c_cflag;
    tcflag_t c_lflag;
    cc_t c_cc[12];
    speed_t c_speed;
};

int tcgetattr(int tty, struct termios *settings);
int tcsetattr(int tty, int when, const struct termios *settings);
void cfmakeraw(struct termios *settings);
int cfsetspeed(struct termios *settings, speed_t speed);
speed_t cfgetospeed(const struct termios *settings);

#endif
