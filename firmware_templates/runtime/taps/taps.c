/* SPDX-License-Identifier: MIT */
#include "taps.h"

#include <stddef.h>
#include <string.h>

#include "../../model.h"
#include "../app/crc32.h"
#include "../platform.h"

uint8_t emg_taps_checksums[EMG_TAPS_CHECKSUM_BYTES];

/* While a step is handed out: to whom, and what was asked for. */
static emg_session_t *g_session;
static const emg_frame_t *g_question;

/* Straight to the platform, not through the session's pointer: a call through it could as well be the one
 * that infers, and no bound on the stack could be proven. */
static void send_piece(const uint8_t *data, uint32_t offset, uint32_t count, uint32_t total) {
    uint8_t *const out = g_session->payload;
    emg_frame_t frame = *g_question;
    memcpy(out, g_question->payload, 4); /* what, 0, reference */
    emg_put_u32(out + 4, offset);
    emg_put_u32(out + 8, total);
    memcpy(out + EMG_DATA_HEADER, data, count);
    frame.type = EMG_TYPE_READ + EMG_TYPE_ANSWER;
    frame.payload = out;
    frame.length = EMG_DATA_HEADER + count;
    emg_platform_write(g_session->wire, emg_frame_encode(&frame, g_session->text, g_session->wire));
}

static uint32_t least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

static void hand_out(const uint8_t *data, uint32_t total) {
    const uint32_t most = least(g_session->reply_limit, EMG_FRAME_PAYLOAD - EMG_DATA_HEADER);
    uint32_t offset = least(emg_get_u32(g_question->payload + 4), total);
    uint32_t left = least(emg_get_u16(g_question->payload + 8), total - offset);
    uint32_t count;
    do {
        count = least(left, most);
        send_piece(data + offset, offset, count, total);
        offset += count;
        left -= count;
    } while (left > 0 && count > 0);
}

void emg_taps_hand_out(emg_session_t *session, const emg_frame_t *question) {
    g_session = session;
    g_question = question;
    memcpy(emg_model_input(), session->window.bytes, session->window.length);
    emg_model_run();
    g_session = NULL;
}

void emg_model_tap(int step, const void *data, uint32_t bytes) {
    uint8_t *const kept = emg_taps_checksums + (uint32_t)step * 8u;
    if (g_session == NULL) {
        emg_put_u32(kept, bytes);
        emg_put_u32(kept + 4, emg_crc32(0, data, bytes));
    } else if ((uint32_t)step == emg_get_u16(g_question->payload + 2)) {
        hand_out(data, bytes);
    }
}
