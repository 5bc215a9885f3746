/* SPDX-License-Identifier: MIT */
#include "session.h"

#include <string.h>

#include "crc32.h"
#ifdef EMG_LIVE
#include "../sensing/sensing.h"
#endif
#ifdef EMG_TAPS
#include "../taps/taps.h"
#endif

#define HELLO_BYTES 6u
#define CHUNK_HEADER 12u
#define RESULT_HEADER 16u
#define READ_BYTES 10u
#define READ_INFO 0u
#define READ_OUTPUT 1u
#define READ_CHECKSUMS 2u /* with taps only, as is the next one */
#define READ_STEP 3u
#define TAKEN_COMPLETE 1u

static const uint8_t g_magic[4] = {'E', 'M', 'G', '?'};

void emg_session_reset(emg_session_t *session) {
    session->session = 0;
    session->newest = 0;
    session->reply_limit = 0;
    session->baud_wanted = 0;
    session->text = 1;
    session->inferences = 0;
    session->frames = 0;
    session->frames_rejected = 0;
    session->window.active = 0;
    memset(session->answers, 0, session->depth * sizeof session->answers[0]);
}

/* Sends what the caller put into session->payload. */
static void answer(emg_session_t *session, uint32_t type, uint16_t sequence, uint32_t length) {
    emg_frame_t frame;
    frame.version = EMG_FRAME_VERSION;
    frame.type = (uint8_t)type;
    frame.sequence = sequence;
    frame.session = session->session;
    frame.payload = session->payload;
    frame.length = length;
    session->world->send(session->wire, emg_frame_encode(&frame, session->text, session->wire));
}

static void refuse(emg_session_t *session, const emg_frame_t *frame, uint8_t reason) {
    session->payload[0] = reason;
    session->payload[1] = frame->type;
    answer(session, EMG_TYPE_REFUSED, frame->sequence, 2);
}

void emg_session_reject(emg_session_t *session) {
    session->frames_rejected++;
    answer(session, EMG_TYPE_NAK, 0, 0);
}

void emg_session_announce(emg_session_t *session) {
    answer(session, EMG_TYPE_BOOT, 0, 0);
}

static void begin_session(emg_session_t *session, const emg_frame_t *frame) {
    const uint16_t wanted = emg_get_u16(frame->payload + 4);
    const uint32_t most = EMG_FRAME_PAYLOAD - RESULT_HEADER;
    session->session = frame->session;
    session->newest = frame->sequence;
    session->reply_limit = (uint16_t)(wanted < most ? wanted : most);
    session->window.active = 0;
    memset(session->answers, 0, session->depth * sizeof session->answers[0]);
#ifdef EMG_LIVE
    emg_sensing_stop();
#endif
}

/* A repeated HELLO finds its session begun and disturbs nothing. */
static void handle_hello(emg_session_t *session, const emg_frame_t *frame) {
    uint8_t *const out = session->payload;
    if (frame->length != HELLO_BYTES || memcmp(frame->payload, g_magic, sizeof g_magic) != 0 ||
        frame->session == 0) {
        refuse(session, frame, EMG_REFUSED_PAYLOAD);
        return;
    }
    if (frame->session != session->session) {
        begin_session(session, frame);
    }
    emg_put_u16(out, (uint16_t)EMG_FRAME_PAYLOAD);
    out[2] = (uint8_t)session->depth;
    out[3] = session->selftest;
    emg_put_u32(out + 4, session->rx_buffer_bytes);
    emg_put_u32(out + 8, session->window.length);
    emg_put_u32(out + 12, session->output_bytes);
    emg_put_u16(out + 16, (uint16_t)session->info_bytes);
    emg_put_u32(out + 18, emg_crc32(0, session->info, session->info_bytes));
    answer(session, EMG_TYPE_HELLO + EMG_TYPE_ANSWER, frame->sequence, 22);
}

static uint32_t slot_of(const emg_session_t *session, uint16_t sequence) {
    return sequence & (session->depth - 1u);
}

static const emg_answer_t *find_answer(const emg_session_t *session, uint16_t sequence) {
    const emg_answer_t *const kept = &session->answers[slot_of(session, sequence)];
    return kept->valid && kept->sequence == sequence ? kept : NULL;
}

static const uint8_t *output_of(const emg_session_t *session, uint16_t sequence) {
    return session->outputs + slot_of(session, sequence) * session->output_bytes;
}

static void send_result(emg_session_t *session, const emg_answer_t *kept) {
    uint8_t *const out = session->payload;
    const uint32_t limit = session->reply_limit;
    const uint32_t count = session->output_bytes < limit ? session->output_bytes : limit;
    out[0] = 0;
    out[1] = 0;
    emg_put_u16(out + 2, (uint16_t)count);
    emg_put_u32(out + 4, session->output_bytes);
    emg_put_u32(out + 8, kept->input_crc);
    emg_put_u32(out + 12, kept->ticks);
    memcpy(out + RESULT_HEADER, output_of(session, kept->sequence), count);
    answer(session, EMG_TYPE_RESULT, kept->sequence, RESULT_HEADER + count);
}

static void send_taken(emg_session_t *session, uint16_t sequence, uint32_t offset, uint32_t count,
                       uint8_t flags) {
    emg_put_u32(session->payload, offset);
    emg_put_u16(session->payload + 4, (uint16_t)count);
    session->payload[6] = flags;
    answer(session, EMG_TYPE_CHUNK + EMG_TYPE_ANSWER, sequence, 7);
}

static void infer(emg_session_t *session) {
    emg_window_t *const window = &session->window;
    const uint32_t slot = slot_of(session, window->sequence);
    emg_answer_t *const kept = &session->answers[slot];
    window->active = 0;
    kept->sequence = window->sequence;
    kept->input_crc = emg_crc32(0, window->bytes, window->length);
    kept->ticks = session->world->infer(slot);
    kept->valid = 1;
    session->inferences++;
    send_result(session, kept);
}

/* Makes `sequence` the window in assembly, or answers why not and returns 0. */
static int assemble(emg_session_t *session, const emg_frame_t *frame, uint32_t crc) {
    emg_window_t *const window = &session->window;
    const uint16_t ahead = (uint16_t)(frame->sequence - session->newest);
    if (window->active && window->sequence != frame->sequence) {
        emg_put_u16(session->payload, window->sequence);
        answer(session, EMG_TYPE_ORDER, frame->sequence, 2);
        return 0;
    }
    if (!window->active || window->crc != crc) {
        emg_window_begin(window, frame->sequence, crc);
    }
    if (ahead != 0 && ahead < 0x8000u) {
        session->newest = frame->sequence;
    }
    return 1;
}

static void take_chunk(emg_session_t *session, const emg_frame_t *frame, uint32_t offset, uint32_t count) {
    emg_window_t *const window = &session->window;
    if (!emg_window_put(window, offset, frame->payload + CHUNK_HEADER, count)) {
        refuse(session, frame, EMG_REFUSED_RANGE);
        return;
    }
    if (window->missing > 0) {
        send_taken(session, frame->sequence, offset, count, 0);
        return;
    }
    if (emg_crc32(0, window->bytes, window->length) != window->crc) {
        window->active = 0;
        refuse(session, frame, EMG_REFUSED_CRC);
        return;
    }
    /* Said before the inference, so that the sender knows a busy device from a dead one. */
    send_taken(session, frame->sequence, offset, count, TAKEN_COMPLETE);
    infer(session);
}

/* A chunk without data asks how its window stands. */
static void report_window(emg_session_t *session, uint16_t sequence) {
    const emg_window_t *const window = &session->window;
    const int active = window->active && window->sequence == sequence;
    send_taken(session, sequence, active ? emg_window_first_missing(window) : 0, 0, 0);
}

static void handle_chunk(emg_session_t *session, const emg_frame_t *frame) {
    const uint16_t behind = (uint16_t)(session->newest - frame->sequence);
    const emg_answer_t *kept;
    uint32_t count;
#ifdef EMG_LIVE
    emg_sensing_stop(); /* so that nothing is sampled while windows are timed */
#endif
    if (frame->length < CHUNK_HEADER) {
        refuse(session, frame, EMG_REFUSED_PAYLOAD);
        return;
    }
    if (emg_get_u32(frame->payload) != session->window.length) {
        refuse(session, frame, EMG_REFUSED_LENGTH);
        return;
    }
    if (behind >= session->depth && behind < 0x8000u) {
        answer(session, EMG_TYPE_STALE, frame->sequence, 0);
        return;
    }
    kept = find_answer(session, frame->sequence);
    if (kept != NULL) {
        send_result(session, kept);
        return;
    }
    count = frame->length - CHUNK_HEADER;
    if (count == 0) {
        report_window(session, frame->sequence);
    } else if (assemble(session, frame, emg_get_u32(frame->payload + 4))) {
        take_chunk(session, frame, emg_get_u32(frame->payload + 8), count);
    }
}

static void send_data(emg_session_t *session, const emg_frame_t *frame, const uint8_t *whole,
                      uint32_t total) {
    uint8_t *const out = session->payload;
    const uint32_t offset = emg_get_u32(frame->payload + 4);
    const uint32_t wanted = emg_get_u16(frame->payload + 8);
    const uint32_t left = offset < total ? total - offset : 0;
    uint32_t count = wanted < left ? wanted : left;
    if (count > EMG_FRAME_PAYLOAD - EMG_DATA_HEADER) {
        count = EMG_FRAME_PAYLOAD - EMG_DATA_HEADER;
    }
    memcpy(out, frame->payload, 8); /* what, 0, reference, offset */
    emg_put_u32(out + 8, total);
    if (count > 0) {
        memcpy(out + EMG_DATA_HEADER, whole + offset, count);
    }
    answer(session, EMG_TYPE_READ + EMG_TYPE_ANSWER, frame->sequence, EMG_DATA_HEADER + count);
}

#ifdef EMG_TAPS
/* Steps are known of the window that was inferred last; one that is coming in has no answer yet. */
static int has_steps(const emg_session_t *session) {
    return find_answer(session, session->window.sequence) != NULL;
}
#endif

static void handle_read(emg_session_t *session, const emg_frame_t *frame) {
    uint16_t reference;
    if (frame->length != READ_BYTES) {
        refuse(session, frame, EMG_REFUSED_PAYLOAD);
        return;
    }
    reference = emg_get_u16(frame->payload + 2);
    if (frame->payload[0] == READ_INFO) {
        send_data(session, frame, session->info, session->info_bytes);
    } else if (frame->payload[0] == READ_OUTPUT && find_answer(session, reference) != NULL) {
        send_data(session, frame, output_of(session, reference), session->output_bytes);
#ifdef EMG_TAPS
    } else if (frame->payload[0] == READ_CHECKSUMS && reference == session->window.sequence &&
               has_steps(session)) {
        send_data(session, frame, emg_taps_checksums, EMG_TAPS_CHECKSUM_BYTES);
    } else if (frame->payload[0] == READ_STEP && reference < EMG_TAPS && has_steps(session)) {
        emg_taps_hand_out(session, frame);
#endif
    } else {
        refuse(session, frame, EMG_REFUSED_RANGE);
    }
}

static void handle_ping(emg_session_t *session, const emg_frame_t *frame) {
    uint8_t *const out = session->payload;
    emg_put_u32(out, session->inferences);
    emg_put_u32(out + 4, session->frames);
    emg_put_u32(out + 8, session->frames_rejected);
    emg_put_u32(out + 12, session->world->rx_dropped());
    emg_put_u32(out + 16, session->world->stack_used());
    answer(session, EMG_TYPE_PING + EMG_TYPE_ANSWER, frame->sequence, 20);
}

/* Answered at the old rate; 0 says that this rate is not to be had. */
static void handle_baud(emg_session_t *session, const emg_frame_t *frame) {
    uint32_t baud;
    if (frame->length != 4) {
        refuse(session, frame, EMG_REFUSED_PAYLOAD);
        return;
    }
    baud = emg_get_u32(frame->payload);
    if (!session->world->can_set_baud(baud)) {
        baud = 0;
    }
    emg_put_u32(session->payload, baud);
    answer(session, EMG_TYPE_BAUD + EMG_TYPE_ANSWER, frame->sequence, 4);
    session->baud_wanted = baud;
}

static void handle_params(emg_session_t *session, const emg_frame_t *frame) {
    const uint32_t length = session->world->params(frame, session->payload);
    if (length > 0) {
        answer(session, EMG_TYPE_PARAMS + EMG_TYPE_ANSWER, frame->sequence, length);
    } else {
        refuse(session, frame, EMG_REFUSED_PAYLOAD);
    }
}

static void handle_request(emg_session_t *session, const emg_frame_t *frame) {
    switch (frame->type) {
    case EMG_TYPE_ECHO:
        memcpy(session->payload, frame->payload, frame->length);
        answer(session, EMG_TYPE_ECHO + EMG_TYPE_ANSWER, frame->sequence, frame->length);
        break;
    case EMG_TYPE_CHUNK:
        handle_chunk(session, frame);
        break;
    case EMG_TYPE_READ:
        handle_read(session, frame);
        break;
    case EMG_TYPE_PING:
        handle_ping(session, frame);
        break;
    case EMG_TYPE_BAUD:
        handle_baud(session, frame);
        break;
#ifdef EMG_LIVE
    case EMG_TYPE_LIVE:
    case EMG_TYPE_SAMPLES:
        emg_sensing_request(session, frame);
        break;
#endif
    case EMG_TYPE_PARAMS:
        if (session->world->params != NULL) {
            handle_params(session, frame);
            break;
        }
        /* fall through */
    default:
        refuse(session, frame, EMG_REFUSED_TYPE);
        break;
    }
}

void emg_session_handle(emg_session_t *session, const emg_frame_t *frame, int text) {
    if (frame->type >= EMG_TYPE_ANSWER) {
        return;
    }
    session->frames++;
    session->text = text;
    if (frame->type == EMG_TYPE_HELLO) {
        handle_hello(session, frame);
    } else if (frame->version != EMG_FRAME_VERSION) {
        refuse(session, frame, EMG_REFUSED_VERSION);
    } else if (session->session == 0 || frame->session != session->session) {
        answer(session, EMG_TYPE_NO_SESSION, frame->sequence, 0);
    } else {
        handle_request(session, frame);
    }
}
