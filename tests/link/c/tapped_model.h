/* A model of EMG_TAPS steps for session_fuzz.c, and what its device may say of them. */
#ifndef TAPPED_MODEL_H
#define TAPPED_MODEL_H

#include <string.h>

#include "../../model.h"
#include "../platform.h"
#include "taps.h"

#define TAPPED_INPUT 100u
#define TAPPED_LARGEST 600u

static uint8_t g_model_input[TAPPED_INPUT];
static uint8_t g_last_inferred[TAPPED_INPUT]; /* what the host may be told about */
static uint16_t g_last_sequence;
static unsigned long g_step_pieces;
static unsigned long g_checksum_pieces;

/* Steps of 0, 150, 300, ... bytes. */
static uint32_t step_bytes(uint32_t step) {
    return step * 150u;
}

static uint8_t step_byte(const uint8_t *input, uint32_t step, uint32_t i) {
    return (uint8_t)(input[i % TAPPED_INPUT] * 7u + step * 31u + i);
}

uint8_t *emg_model_input(void) {
    return g_model_input;
}

void emg_model_run(void) {
    static uint8_t arena[TAPPED_LARGEST];
    uint32_t step;
    uint32_t i;
    for (step = 0; step < EMG_TAPS; step++) {
        for (i = 0; i < step_bytes(step); i++) {
            arena[i] = step_byte(g_model_input, step, i);
        }
        emg_model_tap((int)step, arena, step_bytes(step));
    }
}

static void tapped_infer(const uint8_t *input, uint32_t length, uint16_t sequence) {
    g_last_sequence = sequence;
    memcpy(g_last_inferred, input, length);
    memcpy(g_model_input, input, length);
    emg_model_run();
}

static int step_wrong(uint32_t step, uint32_t offset, const uint8_t *data, uint32_t count) {
    uint32_t i;
    for (i = 0; i < count; i++) {
        if (data[i] != step_byte(g_last_inferred, step, offset + i)) {
            return 1;
        }
    }
    return 0;
}

static int checksums_wrong(uint32_t offset, const uint8_t *data, uint32_t count) {
    static uint8_t wanted[EMG_TAPS * 8u];
    static uint8_t made[TAPPED_LARGEST];
    uint32_t step;
    uint32_t i;
    for (step = 0; step < EMG_TAPS; step++) {
        for (i = 0; i < step_bytes(step); i++) {
            made[i] = step_byte(g_last_inferred, step, i);
        }
        emg_put_u32(wanted + step * 8u, step_bytes(step));
        emg_put_u32(wanted + step * 8u + 4u, emg_crc32(0, made, step_bytes(step)));
    }
    return count > 0 && memcmp(wanted + offset, data, count) != 0;
}

/* Whether an answer says something of the steps that is not so. */
static int tapped_wrong(const emg_frame_t *frame) {
    const uint8_t *const payload = frame->payload;
    const uint32_t header = EMG_DATA_HEADER;
    uint32_t offset;
    uint32_t count;
    if (frame->type != EMG_TYPE_READ + EMG_TYPE_ANSWER || payload[0] < 2u) {
        return 0;
    }
    offset = emg_get_u32(payload + 4);
    count = frame->length - header;
    if (payload[0] == 2u) {
        g_checksum_pieces++;
        return emg_get_u16(payload + 2) != g_last_sequence || emg_get_u32(payload + 8) != EMG_TAPS * 8u ||
               checksums_wrong(offset, payload + header, count);
    }
    g_step_pieces++;
    return emg_get_u32(payload + 8) != step_bytes(emg_get_u16(payload + 2)) ||
           step_wrong(emg_get_u16(payload + 2), offset, payload + header, count);
}

#endif
