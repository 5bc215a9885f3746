/* SPDX-License-Identifier: MIT */
/* What a build with taps says beyond others (docs/protocol.md): what every step of the model made, taken
 * before it is overwritten. EMG_TAPS is the number of steps. */
#ifndef EMG_TAPS_H
#define EMG_TAPS_H

#include <stdint.h>

#include "../app/frame.h"
#include "../app/session.h"

#define EMG_TAPS_CHECKSUM_BYTES (EMG_TAPS * 8u)

/* Of the last inference, for each step: bytes u32, CRC-32 u32. */
extern uint8_t emg_taps_checksums[EMG_TAPS_CHECKSUM_BYTES];

/* Answers a READ of a step's output with as many DATA as it takes: the window that was last inferred runs
 * through the model again, and the bytes leave as soon as the step has made them. */
void emg_taps_hand_out(emg_session_t *session, const emg_frame_t *question);

#endif
