/* SPDX-License-Identifier: MIT */
#include "frame.h"

#include "binary.h"
#include "crc32.h"
#include "text.h"

uint16_t emg_get_u16(const uint8_t *from) {
    return (uint16_t)(from[0] | ((uint32_t)from[1] << 8));
}

uint32_t emg_get_u32(const uint8_t *from) {
    return from[0] | ((uint32_t)from[1] << 8) | ((uint32_t)from[2] << 16) | ((uint32_t)from[3] << 24);
}

void emg_put_u16(uint8_t *to, uint16_t value) {
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
}

void emg_put_u32(uint8_t *to, uint32_t value) {
    emg_put_u16(to, (uint16_t)value);
    emg_put_u16(to + 2, (uint16_t)(value >> 16));
}

int emg_frame_parse(const uint8_t *bytes, uint32_t length, emg_frame_t *frame) {
    if (length < EMG_FRAME_OVERHEAD || length > EMG_FRAME_BYTES) {
        return 0;
    }
    if (emg_crc32(0, bytes, length - 4u) != emg_get_u32(bytes + length - 4u)) {
        return 0;
    }
    frame->version = bytes[0];
    frame->type = bytes[1];
    frame->session = emg_get_u32(bytes + 2);
    frame->sequence = emg_get_u16(bytes + 6);
    frame->payload = bytes + EMG_FRAME_HEADER;
    frame->length = length - EMG_FRAME_OVERHEAD;
    return 1;
}

/* The three parts of a frame one after the other, so that no whole copy of it is needed. */
typedef struct {
    const uint8_t *bytes;
    uint32_t length;
} part_t;

uint32_t emg_frame_encode(const emg_frame_t *frame, int text, uint8_t *wire) {
    uint8_t header[EMG_FRAME_HEADER];
    uint8_t checksum[4];
    const part_t parts[3] = {
        {header, sizeof header}, {frame->payload, frame->length}, {checksum, sizeof checksum}};
    uint32_t part;
    uint32_t i;
    emg_binary_encoder_t binary;
    emg_text_encoder_t characters;
    header[0] = frame->version;
    header[1] = frame->type;
    emg_put_u32(header + 2, frame->session);
    emg_put_u16(header + 6, frame->sequence);
    emg_put_u32(checksum, emg_crc32(emg_crc32(0, header, sizeof header), frame->payload, frame->length));
    if (text) {
        emg_text_begin(&characters, wire);
    } else {
        emg_binary_begin(&binary, wire);
    }
    for (part = 0; part < 3; part++) {
        for (i = 0; i < parts[part].length; i++) {
            if (text) {
                emg_text_put(&characters, parts[part].bytes[i]);
            } else {
                emg_binary_put(&binary, parts[part].bytes[i]);
            }
        }
    }
    return text ? emg_text_end(&characters) : emg_binary_end(&binary);
}
