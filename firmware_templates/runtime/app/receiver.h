/* SPDX-License-Identifier: MIT */
/* Received bytes to frames. Both decoders see every byte and share nothing, so that text-safe frames
 * are understood in the middle of a binary session and the other way round. */
#ifndef EMG_RECEIVER_H
#define EMG_RECEIVER_H

#include <stdint.h>

#include "binary.h"
#include "frame.h"
#include "text.h"

/* What one byte brought; more than one may be set. */
#define EMG_RECEIVED_FRAME 1u
#define EMG_REJECTED_BINARY 2u
#define EMG_REJECTED_TEXT 4u

typedef struct {
    emg_binary_decoder_t binary;
    emg_text_decoder_t text;
    int text_frame; /* the encoding of the frame just received */
} emg_receiver_t;

void emg_receiver_reset(emg_receiver_t *receiver);

/* A pure state machine: no input, no output, no state but `receiver`. With EMG_RECEIVED_FRAME `frame` is
 * filled; its payload holds until the next call. */
uint32_t emg_receiver_feed(emg_receiver_t *receiver, uint8_t byte, emg_frame_t *frame);

#endif
