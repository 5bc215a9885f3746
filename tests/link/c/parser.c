/* The device's parser on a bench: `parser encode`, `parser decode`, `parser fuzz N SEED`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "receiver.h"

#include "independent.h"

#define STREAM 1024

static emg_receiver_t g_receiver;

static void print_hex(const uint8_t *bytes, uint32_t length) {
    uint32_t i;
    for (i = 0; i < length; i++) {
        printf("%02x", bytes[i]);
    }
    printf("\n");
}

/* Lines of "text type session sequence payload-in-hex-or-dash" to bytes on the wire. */
static int encode_lines(void) {
    unsigned text;
    unsigned type;
    unsigned session;
    unsigned sequence;
    static char hex[2 * EMG_FRAME_PAYLOAD + 2];
    static uint8_t payload[EMG_FRAME_PAYLOAD];
    static uint8_t wire[EMG_FRAME_WIRE];
    while (scanf("%u %u %u %u %481s", &text, &type, &session, &sequence, hex) == 5) {
        emg_frame_t frame = {EMG_FRAME_VERSION, (uint8_t)type, (uint16_t)sequence, session, payload, 0};
        const char *at;
        unsigned byte;
        for (at = hex; sscanf(at, "%2x", &byte) == 1; at += 2) {
            payload[frame.length++] = (uint8_t)byte;
        }
        print_hex(wire, emg_frame_encode(&frame, (int)text, wire));
    }
    return 0;
}

/* Standard input to lines of "text version type session sequence payload". */
static int decode_stream(void) {
    int byte;
    emg_frame_t frame;
    emg_receiver_reset(&g_receiver);
    while ((byte = getchar()) != EOF) {
        if ((emg_receiver_feed(&g_receiver, (uint8_t)byte, &frame) & EMG_RECEIVED_FRAME) != 0u) {
            printf("%d %u %u %u %u ", g_receiver.text_frame, (unsigned)frame.version, (unsigned)frame.type,
                   (unsigned)frame.session, (unsigned)frame.sequence);
            print_hex(frame.payload, frame.length);
        }
    }
    return 0;
}

static uint64_t g_random;

static uint32_t draw(uint32_t below) {
    g_random ^= g_random << 13;
    g_random ^= g_random >> 7;
    g_random ^= g_random << 17;
    return (uint32_t)((g_random >> 32) % below);
}

static size_t add_frame(uint8_t *stream, size_t length) {
    static const uint8_t lengths[] = {0, 1, 2, 6, 12, 31, 64, 120, 239, 240};
    uint8_t payload[EMG_FRAME_PAYLOAD];
    uint8_t wire[EMG_FRAME_WIRE];
    const uint32_t kind = draw(4);
    uint32_t i;
    uint32_t size;
    emg_frame_t frame = {
        (uint8_t)draw(3), (uint8_t)draw(256), (uint16_t)draw(65536), draw(0xFFFFFFFFu), payload, 0};
    frame.length = lengths[draw(draw(8) == 0 ? sizeof lengths : 6)];
    for (i = 0; i < frame.length; i++) {
        payload[i] = (uint8_t)(kind == 0 ? 0 : kind == 1 ? 1 + draw(255) : kind == 2 ? draw(256) : draw(2));
    }
    size = emg_frame_encode(&frame, draw(2) != 0, wire);
    if (length + size > STREAM) {
        return length;
    }
    memcpy(stream + length, wire, size);
    return length + size;
}

static size_t add_junk(uint8_t *stream, size_t length) {
    static const char special[] = {0, '{', '}', '\n', 'A', '+', '/', '=', (char)0xFF, 1};
    uint32_t count = 1 + draw(24);
    while (count-- > 0 && length < STREAM) {
        stream[length++] = draw(3) == 0 ? (uint8_t)special[draw(sizeof special)] : (uint8_t)draw(256);
    }
    return length;
}

static size_t damage(uint8_t *stream, size_t length) {
    uint32_t count = draw(3);
    while (count-- > 0 && length > 1) {
        const size_t at = draw((uint32_t)length);
        switch (draw(4)) {
        case 0:
            stream[at] = (uint8_t)draw(256);
            break;
        case 1:
            memmove(stream + at, stream + at + 1, length - at - 1);
            length--;
            break;
        case 2:
            if (length < STREAM) {
                memmove(stream + at + 1, stream + at, length - at);
                length++;
            }
            break;
        default:
            stream[at] ^= (uint8_t)(1u << draw(8));
            break;
        }
    }
    return length;
}

static int same(const found_t *expected, size_t at) {
    const int text = g_receiver.text_frame;
    const uint8_t *const bytes = text ? g_receiver.text.bytes : g_receiver.binary.bytes;
    const uint32_t length = text ? g_receiver.text.length : g_receiver.binary.length;
    return expected->end == at && expected->text == text && expected->length == length &&
           memcmp(expected->bytes, bytes, length) == 0;
}

/* One stream through both decoders; how many frames it had, or -1 when they disagree. */
static int compare(const uint8_t *stream, size_t length) {
    static uint8_t room[STREAM];
    static found_t found[INDEPENDENT_MOST];
    const size_t expected = find_frames(stream, length, room, found);
    size_t count = 0;
    size_t at;
    emg_frame_t frame;
    emg_receiver_reset(&g_receiver);
    for (at = 0; at < length; at++) {
        if ((emg_receiver_feed(&g_receiver, stream[at], &frame) & EMG_RECEIVED_FRAME) == 0u) {
            continue;
        }
        if (count == expected || !same(&found[count], at)) {
            return -1;
        }
        count++;
    }
    return count == expected ? (int)count : -1;
}

static int fuzz(unsigned long executions, unsigned long seed) {
    unsigned long i;
    unsigned long frames = 0;
    g_random = seed * 2654435761u + 88172645463325252u;
    for (i = 0; i < executions; i++) {
        /* Exactly as long as the stream, so that a sanitizer sees a read beyond it. */
        static uint8_t stream[STREAM];
        uint8_t *exact;
        size_t length = 0;
        uint32_t parts = 1 + draw(3);
        int result;
        while (parts-- > 0) {
            length = draw(3) == 0 ? add_junk(stream, length) : add_frame(stream, length);
        }
        length = damage(stream, length);
        exact = malloc(length + 1);
        if (exact == NULL) {
            return 3;
        }
        memcpy(exact, stream, length);
        result = compare(exact, length);
        if (result < 0) {
            printf("disagreement at execution %lu: ", i);
            print_hex(exact, (uint32_t)length);
            free(exact);
            return 1;
        }
        free(exact);
        frames += (unsigned long)result;
    }
    printf("%lu executions, %lu frames accepted by both decoders\n", executions, frames);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "encode") == 0) {
        return encode_lines();
    }
    if (argc == 2 && strcmp(argv[1], "decode") == 0) {
        return decode_stream();
    }
    if (argc == 4 && strcmp(argv[1], "fuzz") == 0) {
        return fuzz(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
    }
    return 2;
}
