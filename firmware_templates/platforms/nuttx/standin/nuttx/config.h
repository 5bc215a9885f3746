/* SPDX-License-Identifier: MIT */
/* Stands in for the configuration of a NuttX that is not at hand; the values do not change any size. */
#define CONFIG_EMG_APP_DEVICE "/dev/ttyS0"
#define CONFIG_EMG_APP_BAUD 0
#define CONFIG_EMG_APP_STACKSIZE 4096
#define CONFIG_EMG_APP_DRIVER_BUFFER 256
