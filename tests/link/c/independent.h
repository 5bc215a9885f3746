/* A second decoder, written from docs/protocol.md alone and in another way: it looks at the whole
 * stream at once instead of byte by byte, and computes its CRC bit by bit. */
#ifndef INDEPENDENT_H
#define INDEPENDENT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define INDEPENDENT_MOST 64

typedef struct {
    size_t end; /* index of the byte that completes the frame */
    int text;
    uint32_t length;
    uint8_t bytes[EMG_FRAME_BYTES];
} found_t;

static uint32_t slow_crc(const uint8_t *data, size_t length) {
    uint32_t crc = 0xFFFFFFFFu;
    size_t i;
    int bit;
    for (i = 0; i < length; i++) {
        crc ^= data[i];
        for (bit = 0; bit < 8; bit++) {
            crc = (crc & 1u) != 0u ? (crc >> 1) ^ 0xEDB88320u : crc >> 1;
        }
    }
    return crc ^ 0xFFFFFFFFu;
}

static int is_frame(const uint8_t *body, size_t length) {
    uint32_t sent;
    if (length < 12 || length > EMG_FRAME_BYTES) {
        return 0;
    }
    sent = (uint32_t)body[length - 4] + ((uint32_t)body[length - 3] << 8) +
           ((uint32_t)body[length - 2] << 16) + ((uint32_t)body[length - 1] << 24);
    return slow_crc(body, length - 4) == sent;
}

/* `out` must hold as many bytes as the chunk has; returns the decoded length or -1. */
static long unstuff(const uint8_t *chunk, size_t length, uint8_t *out) {
    size_t at = 0;
    size_t count = 0;
    while (at < length) {
        const size_t code = chunk[at];
        if (at + code > length) {
            return -1;
        }
        memcpy(out + count, chunk + at + 1, code - 1);
        count += code - 1;
        at += code;
        if (code != 255 && at != length) {
            out[count++] = 0;
        }
    }
    return (long)count;
}

static int digit(uint8_t c) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *const place = c == 0 ? NULL : strchr(digits, c);
    return place == NULL ? -1 : (int)(place - digits);
}

/* `out` must hold as many bytes as there are characters; returns the decoded length or -1. */
static long unbase64(const uint8_t *characters, size_t length, uint8_t *out) {
    size_t i;
    size_t bit;
    if (length % 4 == 1) {
        return -1;
    }
    memset(out, 0, length);
    for (i = 0; i < length; i++) {
        const int value = digit(characters[i]);
        if (value < 0) {
            return -1;
        }
        for (bit = 0; bit < 6; bit++) {
            if (((unsigned)value >> (5 - bit) & 1u) != 0u) {
                out[(i * 6 + bit) / 8] |= (uint8_t)(0x80u >> ((i * 6 + bit) % 8));
            }
        }
    }
    for (bit = length * 6 / 8 * 8; bit < length * 6; bit++) {
        if ((((unsigned)out[bit / 8] >> (7 - bit % 8)) & 1u) != 0u) {
            return -1;
        }
    }
    return (long)(length * 6 / 8);
}

static size_t keep(found_t *found, size_t count, size_t end, int text, const uint8_t *body, long length) {
    if (length < 0 || !is_frame(body, (size_t)length) || count == INDEPENDENT_MOST) {
        return count;
    }
    found[count].end = end;
    found[count].text = text;
    found[count].length = (uint32_t)length;
    memcpy(found[count].bytes, body, (size_t)length);
    return count + 1;
}

/* All frames of a stream of at most `room` bytes, in the order of their last bytes. */
static size_t find_frames(const uint8_t *stream, size_t length, uint8_t *room, found_t *found) {
    size_t count = 0;
    size_t chunk = 0;
    size_t at;
    for (at = 0; at < length; at++) {
        if (stream[at] == 0) {
            if (at > chunk) {
                count = keep(found, count, at, 0, room, unstuff(stream + chunk, at - chunk, room));
            }
            chunk = at + 1;
        } else if (stream[at] == '}') {
            size_t open = at;
            while (open > 0 && digit(stream[open - 1]) >= 0) {
                open--;
            }
            if (open > 0 && stream[open - 1] == '{') {
                count = keep(found, count, at, 1, room, unbase64(stream + open, at - open, room));
            }
        }
    }
    return count;
}

#endif
