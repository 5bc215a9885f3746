#include "text.h"

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
    decoder->bits = 0;
    decoder->bit_count = 0;
    decoder->open = 0;
    decoder->begun = 0;
}

static emg_decode_t give_up(emg_text_decoder_t *decoder) {
    const int begun = decoder->open && decoder->begun;
    decoder->open = 0;
    return begun ? EMG_DECODE_REJECTED : EMG_DECODE_NOTHING;
}

/* Left-over bits must be zero and fewer than a character's, so that a frame has exactly one text form. */
static emg_decode_t end_of_text(emg_text_decoder_t *decoder) {
    if (!decoder->open || decoder->bit_count == 6 ||
        (decoder->bits & ((1u << decoder->bit_count) - 1u)) != 0) {
        return give_up(decoder);
    }
    decoder->open = 0;
    return EMG_DECODE_COMPLETE;
}

static emg_decode_t take_bits(emg_text_decoder_t *decoder, uint32_t six) {
    decoder->begun = 1;
    decoder->bits = ((decoder->bits << 6) | six) & 0xFFFFu;
    decoder->bit_count = (uint8_t)(decoder->bit_count + 6u);
    if (decoder->bit_count < 8) {
        return EMG_DECODE_NOTHING;
    }
    if (decoder->length == EMG_FRAME_BYTES) {
        return give_up(decoder);
    }
    decoder->bit_count = (uint8_t)(decoder->bit_count - 8u);
    decoder->bytes[decoder->length++] = (uint8_t)(decoder->bits >> decoder->bit_count);
    return EMG_DECODE_NOTHING;
}

emg_decode_t emg_text_feed(emg_text_decoder_t *decoder, uint8_t byte) {
    int six;
    emg_decode_t before;
    if (byte == '{') {
        before = give_up(decoder);
        emg_text_reset(decoder);
        decoder->open = 1;
        return before;
    }
    if (byte == '}') {
        return end_of_text(decoder);
    }
    six = value_of(byte);
    if (!decoder->open || six < 0) {
        return give_up(decoder);
    }
    return take_bits(decoder, (uint32_t)six);
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
