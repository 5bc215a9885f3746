/* SPDX-License-Identifier: MIT */
#include "text.h"

/* The shortest frame has 16 characters. Fewer than these between '{' and an end are not worth a word. */
#define FEWEST_REJECTED 12u

static const char g_alphabet[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The six bits that a character stands for, or -1. */
static int value_of(uint8_t byte) {
    if (byte >= 'A' && byte <= 'Z') {
        return byte - 'A';
    }
    if (byte >= 'a' && byte <= 'z') {
        return byte - 'a' + 26;
    }
    if (byte >= '0' && byte <= '9') {
        return byte - '0' + 52;
    }
    if (byte == '+') {
        return 62;
    }
    return byte == '/' ? 63 : -1;
}

void emg_text_reset(emg_text_decoder_t *decoder) {
    decoder->length = 0;
    decoder->count = 0;
    decoder->bits = 0;
    decoder->bit_count = 0;
    decoder->open = 0;
    decoder->broken = 0;
}

/* Left-over bits must be zero and fewer than a character's, so that a frame has exactly one text form. */
static int is_whole(const emg_text_decoder_t *decoder) {
    const uint32_t left_over = decoder->bits & ((1u << decoder->bit_count) - 1u);
    return !decoder->broken && decoder->bit_count < 6 && left_over == 0;
}

static emg_decode_t end_of_text(emg_text_decoder_t *decoder, int whole) {
    const int tried = decoder->open && decoder->count >= FEWEST_REJECTED;
    decoder->open = 0;
    if (!tried) {
        return EMG_DECODE_NOTHING;
    }
    return whole ? EMG_DECODE_COMPLETE : EMG_DECODE_REJECTED;
}

static void take_bits(emg_text_decoder_t *decoder, uint32_t six) {
    decoder->bits = ((decoder->bits << 6) | six) & 0xFFFFu;
    decoder->bit_count = (uint8_t)(decoder->bit_count + 6u);
    if (decoder->bit_count < 8) {
        return;
    }
    if (decoder->length == EMG_FRAME_BYTES) {
        decoder->broken = 1;
        return;
    }
    decoder->bit_count = (uint8_t)(decoder->bit_count - 8u);
    decoder->bytes[decoder->length++] = (uint8_t)(decoder->bits >> decoder->bit_count);
}

/* One foreign byte is a damaged frame, which is rejected where it ends; two are no frame at all, but a
 * '{' in a binary one or in somebody's text. */
static void take_foreign(emg_text_decoder_t *decoder) {
    if (decoder->broken) {
        decoder->open = 0;
    }
    decoder->broken = 1;
}

emg_decode_t emg_text_feed(emg_text_decoder_t *decoder, uint8_t byte) {
    int six;
    if (byte == '{') {
        emg_text_reset(decoder);
        decoder->open = 1;
        return EMG_DECODE_NOTHING;
    }
    if (byte == '}') {
        return end_of_text(decoder, is_whole(decoder));
    }
    if (byte == '\n' || byte == '\r') {
        return end_of_text(decoder, 0);
    }
    six = value_of(byte);
    decoder->count++;
    if (six < 0) {
        take_foreign(decoder);
    } else if (!decoder->broken) {
        take_bits(decoder, (uint32_t)six);
    }
    return EMG_DECODE_NOTHING;
}

void emg_text_begin(emg_text_encoder_t *encoder, uint8_t *wire) {
    encoder->wire = wire;
    encoder->length = 0;
    encoder->bits = 0;
    encoder->bit_count = 0;
    wire[encoder->length++] = '{';
}

static void put_six(emg_text_encoder_t *encoder, uint32_t six) {
    encoder->wire[encoder->length++] = (uint8_t)g_alphabet[six & 63u];
}

void emg_text_put(emg_text_encoder_t *encoder, uint8_t byte) {
    encoder->bits = ((encoder->bits << 8) | byte) & 0xFFFFu;
    encoder->bit_count += 8u;
    while (encoder->bit_count >= 6u) {
        encoder->bit_count -= 6u;
        put_six(encoder, encoder->bits >> encoder->bit_count);
    }
}

uint32_t emg_text_end(emg_text_encoder_t *encoder) {
    if (encoder->bit_count > 0u) {
        put_six(encoder, encoder->bits << (6u - encoder->bit_count));
    }
    encoder->wire[encoder->length++] = '}';
    encoder->wire[encoder->length++] = '\n';
    return encoder->length;
}
