/* SPDX-License-Identifier: MIT */
/* The wire protocol as a Zephyr thread: needs CONFIG_EMG_WIRE. */
#ifndef EMG_ZEPHYR_H
#define EMG_ZEPHYR_H

#ifdef __cplusplus
extern "C" {
#endif

/* Runs the model's self-test, then answers the host for ever. Call it from one thread, whose stack carries
 * the inference. Returns a negative errno when the UART is not ready or has no interrupts. */
int emg_zephyr_run(void);

#ifdef __cplusplus
}
#endif

#endif
