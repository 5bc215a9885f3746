/* SPDX-License-Identifier: MIT */
/* The facts that the handshake tells: key u8, length u8, value; one after the other. */
#ifndef EMG_INFO_H
#define EMG_INFO_H

#include <stdint.h>

#define EMG_INFO_BOARD 1u
#define EMG_INFO_BUILD_ID 2u
#define EMG_INFO_MODEL_SHA256 3u
#define EMG_INFO_CLOCK_HZ 4u
#define EMG_INFO_TICK_HZ 5u
#define EMG_INFO_TIMING_SOURCE 6u
#define EMG_INFO_SELFTEST_TICKS 7u
#define EMG_INFO_BAUD 8u
#define EMG_INFO_TOOL_VERSION 9u
#define EMG_INFO_TAPS 10u    /* steps that are tapped; only in builds with taps, as is the next one */
#define EMG_INFO_TAPS_OF 11u /* ID of the same build without taps */
#define EMG_INFO_PARAMS 12u  /* the parameter set in use; only where it can be replaced */

/* Longer text is cut, so that all facts always fit. */
#define EMG_INFO_TEXT 64u
#define EMG_INFO_BYTES 384u

typedef struct {
    uint8_t bytes[EMG_INFO_BYTES];
    uint32_t length;
} emg_info_t;

void emg_info_text(emg_info_t *info, uint8_t key, const char *text);
void emg_info_number(emg_info_t *info, uint8_t key, uint32_t number);

#endif
