/* SPDX-License-Identifier: MIT */
#include "binary.h"

#define LONGEST_CODE 255u

void emg_binary_reset(emg_binary_decoder_t *decoder) {
    decoder->length = 0;
    decoder->run = 0;
    decoder->zero_due = 0;
    decoder->begun = 0;
    decoder->broken = 0;
}

static void append(emg_binary_decoder_t *decoder, uint8_t byte) {
    if (decoder->length == EMG_FRAME_BYTES) {
        decoder->broken = 1;
        return;
    }
    decoder->bytes[decoder->length++] = byte;
}

static emg_decode_t end_of_chunk(emg_binary_decoder_t *decoder) {
    const int begun = decoder->begun;
    const int whole = decoder->run == 0 && !decoder->broken;
    decoder->begun = 0;
    if (!begun) {
        return EMG_DECODE_NOTHING;
    }
    return whole ? EMG_DECODE_COMPLETE : EMG_DECODE_REJECTED;
}

emg_decode_t emg_binary_feed(emg_binary_decoder_t *decoder, uint8_t byte) {
    if (byte == 0) {
        return end_of_chunk(decoder);
    }
    if (!decoder->begun) {
        emg_binary_reset(decoder);
        decoder->begun = 1;
    }
    if (decoder->broken) {
        return EMG_DECODE_NOTHING;
    }
    if (decoder->run > 0) {
        decoder->run--;
        append(decoder, byte);
        return EMG_DECODE_NOTHING;
    }
    if (decoder->zero_due) {
        append(decoder, 0);
    }
    decoder->run = (uint8_t)(byte - 1u);
    decoder->zero_due = byte != LONGEST_CODE;
    return EMG_DECODE_NOTHING;
}

static void open_run(emg_binary_encoder_t *encoder) {
    encoder->code = encoder->length++;
    encoder->wire[encoder->code] = 1;
}

void emg_binary_begin(emg_binary_encoder_t *encoder, uint8_t *wire) {
    encoder->wire = wire;
    encoder->length = 0;
    wire[encoder->length++] = 0;
    open_run(encoder);
}

/* A full run is closed only when more follows, so that nothing is written after one at the very end. */
void emg_binary_put(emg_binary_encoder_t *encoder, uint8_t byte) {
    if (encoder->wire[encoder->code] == LONGEST_CODE) {
        open_run(encoder);
    }
    if (byte == 0) {
        open_run(encoder);
        return;
    }
    encoder->wire[encoder->length++] = byte;
    encoder->wire[encoder->code]++;
}

uint32_t emg_binary_end(emg_binary_encoder_t *encoder) {
    encoder->wire[encoder->length++] = 0;
    return encoder->length;
}
