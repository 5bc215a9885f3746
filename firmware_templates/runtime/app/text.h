/* SPDX-License-Identifier: MIT */
/* The text-safe encoding, for paths that translate or eat control bytes: '{', the frame in base64
 * (RFC 4648, without padding), '}', LF. */
#ifndef EMG_TEXT_H
#define EMG_TEXT_H

#include <stdint.h>

#include "frame.h"

typedef struct {
    uint8_t bytes[EMG_FRAME_BYTES];
    uint32_t length;
    uint32_t count;    /* characters since the '{' */
    uint32_t bits;     /* received and not yet part of a byte */
    uint8_t bit_count; /* how many, 0 to 6 */
    uint8_t open;      /* a '{' came, and neither its end nor proof that it began no frame */
    uint8_t broken;    /* one byte in it was none of base64: no frame any more, but worth asking again */
} emg_text_decoder_t;

void emg_text_reset(emg_text_decoder_t *decoder);

/* One received byte. After EMG_DECODE_COMPLETE, `bytes` and `length` hold until the next call. */
emg_decode_t emg_text_feed(emg_text_decoder_t *decoder, uint8_t byte);

typedef struct {
    uint8_t *wire;
    uint32_t length;
    uint32_t bits;
    uint32_t bit_count;
} emg_text_encoder_t;

void emg_text_begin(emg_text_encoder_t *encoder, uint8_t *wire);
void emg_text_put(emg_text_encoder_t *encoder, uint8_t byte);
uint32_t emg_text_end(emg_text_encoder_t *encoder);

#endif
