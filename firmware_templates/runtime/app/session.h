/* SPDX-License-Identifier: MIT */
/* The device's side of the conversation (docs/protocol.md): every valid frame in, its answer out.
 *
 * Nothing is computed twice: a window's sequence number stands for one inference, the last `depth`
 * answers are kept and sent again when asked again, and older numbers are refused. */
#ifndef EMG_SESSION_H
#define EMG_SESSION_H

#include <stdint.h>

#include "frame.h"
#include "window.h"

#define EMG_TYPE_HELLO 0x01u
#define EMG_TYPE_ECHO 0x02u
#define EMG_TYPE_CHUNK 0x03u
#define EMG_TYPE_READ 0x05u
#define EMG_TYPE_PING 0x06u
#define EMG_TYPE_BAUD 0x07u
#define EMG_TYPE_PARAMS 0x08u /* only in builds whose parameters can be replaced */
#define EMG_TYPE_LIVE 0x09u   /* in builds with live recognition, as is the next one */
#define EMG_TYPE_SAMPLES 0x0Au
#define EMG_TYPE_ANSWER 0x80u /* an answer's type is its request's plus this */
#define EMG_TYPE_RESULT 0x84u
#define EMG_TYPE_BOOT 0xC0u
#define EMG_TYPE_NAK 0xC1u
#define EMG_TYPE_NO_SESSION 0xC2u
#define EMG_TYPE_STALE 0xC3u
#define EMG_TYPE_ORDER 0xC4u
#define EMG_TYPE_REFUSED 0xC5u
#define EMG_TYPE_EVENT 0xC6u

#define EMG_REFUSED_TYPE 1u
#define EMG_REFUSED_PAYLOAD 2u
#define EMG_REFUSED_LENGTH 3u
#define EMG_REFUSED_CRC 4u
#define EMG_REFUSED_RANGE 5u
#define EMG_REFUSED_VERSION 6u

#define EMG_SELFTEST_NOT_RUN 0u
#define EMG_SELFTEST_PASSED 1u
#define EMG_SELFTEST_FAILED 2u

#define EMG_DATA_HEADER 12u /* before the bytes in DATA */

/* What an answer keeps beside its output. */
typedef struct {
    uint32_t input_crc;
    uint32_t ticks;
    uint16_t sequence;
    uint8_t valid;
} emg_answer_t;

/* What the session asks of the world around it. */
typedef struct {
    void (*send)(const uint8_t *wire, uint32_t length);
    /* Runs the model on the window's bytes into answer `slot`'s output; the ticks that this took. */
    uint32_t (*infer)(uint32_t slot);
    uint32_t (*rx_dropped)(void);
    uint32_t (*stack_used)(void);
    int (*can_set_baud)(uint32_t baud);
    /* Builds whose parameters can be replaced: the answer's payload into `out`, its length or 0; else NULL.
     */
    uint32_t (*params)(const emg_frame_t *question, uint8_t *out);
} emg_session_world_t;

typedef struct {
    /* Set once by the application. */
    const emg_session_world_t *world;
    emg_window_t window;
    emg_answer_t *answers; /* `depth` of them, a power of two */
    uint8_t *outputs;      /* depth * output_bytes */
    uint32_t depth;
    uint32_t output_bytes;
    uint32_t rx_buffer_bytes;
    const uint8_t *info;
    uint32_t info_bytes;
    uint8_t selftest;
    /* The state of the conversation. */
    uint32_t session;     /* 0: none */
    uint16_t newest;      /* highest sequence number begun */
    uint16_t reply_limit; /* most output bytes in one answer */
    uint32_t baud_wanted; /* announced in BAUD_SET; the application switches and clears it */
    int text;             /* the encoding of the last valid frame */
    uint32_t inferences;
    uint32_t frames;
    uint32_t frames_rejected;
    uint8_t payload[EMG_FRAME_PAYLOAD];
    uint8_t wire[EMG_FRAME_WIRE];
} emg_session_t;

/* Zeroes the state of the conversation; what the application sets stays. */
void emg_session_reset(emg_session_t *session);

/* Answers a valid frame. Frames of answer types, such as an echo of our own, are passed over. */
void emg_session_handle(emg_session_t *session, const emg_frame_t *frame, int text);

/* A frame was rejected: ask for it again at once. */
void emg_session_reject(emg_session_t *session);

/* Says that the device has just started. */
void emg_session_announce(emg_session_t *session);

#endif
