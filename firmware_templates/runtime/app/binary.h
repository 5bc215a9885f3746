/* SPDX-License-Identifier: MIT */
/* The binary encoding: a zero byte, the frame by consistent overhead byte stuffing (Cheshire and Baker,
 * IEEE/ACM Transactions on Networking 7(2), 1999), a zero byte. */
#ifndef EMG_BINARY_H
#define EMG_BINARY_H

#include <stdint.h>

#include "frame.h"

typedef struct {
    uint8_t bytes[EMG_FRAME_BYTES];
    uint32_t length;
    uint8_t run;      /* bytes still to come of the current run */
    uint8_t zero_due; /* another run would be preceded by a zero */
    uint8_t begun;    /* the byte before the next one was not a delimiter */
    uint8_t broken;   /* longer than any frame: wait for the next delimiter */
} emg_binary_decoder_t;

void emg_binary_reset(emg_binary_decoder_t *decoder);

/* One received byte. After EMG_DECODE_COMPLETE, `bytes` and `length` hold until the next call. */
emg_decode_t emg_binary_feed(emg_binary_decoder_t *decoder, uint8_t byte);

typedef struct {
    uint8_t *wire;
    uint32_t length;
    uint32_t code; /* where the code byte of the open run stands */
} emg_binary_encoder_t;

void emg_binary_begin(emg_binary_encoder_t *encoder, uint8_t *wire);
void emg_binary_put(emg_binary_encoder_t *encoder, uint8_t byte);
uint32_t emg_binary_end(emg_binary_encoder_t *encoder);

#endif
