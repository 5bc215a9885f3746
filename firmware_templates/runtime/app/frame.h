/* SPDX-License-Identifier: MIT */
/* One message on the wire (docs/protocol.md): version u8, type u8, session u32, sequence u16, payload,
 * CRC-32 over all before it; numbers little-endian. */
#ifndef EMG_FRAME_H
#define EMG_FRAME_H

#include <stdint.h>

#define EMG_FRAME_VERSION 1u
#define EMG_FRAME_HEADER 8u
#define EMG_FRAME_OVERHEAD 12u

/* The longest payload that is taken or sent. With 240 a binary frame fits a receive buffer of 256. */
#ifndef EMG_FRAME_PAYLOAD
#define EMG_FRAME_PAYLOAD 240u
#endif
#define EMG_FRAME_BYTES (EMG_FRAME_OVERHEAD + EMG_FRAME_PAYLOAD)

/* Most bytes of a frame on the wire in either encoding: '{', four characters per three bytes, '}', LF. */
#define EMG_FRAME_WIRE ((EMG_FRAME_BYTES * 4u + 2u) / 3u + 3u)

typedef struct {
    uint8_t version;
    uint8_t type;
    uint16_t sequence;
    uint32_t session;
    const uint8_t *payload;
    uint32_t length;
} emg_frame_t;

/* What a decoder says of one more byte. */
typedef enum {
    EMG_DECODE_NOTHING,  /* goes on */
    EMG_DECODE_REJECTED, /* what came so far can be no frame */
    EMG_DECODE_COMPLETE  /* the decoder's bytes are to be looked at, before the next byte is fed */
} emg_decode_t;

uint16_t emg_get_u16(const uint8_t *from);
uint32_t emg_get_u32(const uint8_t *from);
void emg_put_u16(uint8_t *to, uint16_t value);
void emg_put_u32(uint8_t *to, uint32_t value);

/* 1 and the frame when the decoded bytes have a valid length and checksum. The payload stays where it is. */
int emg_frame_parse(const uint8_t *bytes, uint32_t length, emg_frame_t *frame);

/* The frame as it goes over the wire, in the binary (text = 0) or text-safe encoding; returns its
 * length, at most EMG_FRAME_WIRE. The payload must have at most EMG_FRAME_PAYLOAD bytes. */
uint32_t emg_frame_encode(const emg_frame_t *frame, int text, uint8_t *wire);

#endif
