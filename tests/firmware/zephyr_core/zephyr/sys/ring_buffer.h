#ifndef FAKE_RING_BUFFER_H
#define FAKE_RING_BUFFER_H
#include <stdint.h>
struct ring_buf {
    uint8_t *bytes;
    uint32_t size;
    uint32_t put;
    uint32_t got;
};
#define RING_BUF_DECLARE(name, length)                                                                       \
    static uint8_t name##_bytes[length];                                                                     \
    static struct ring_buf name = {name##_bytes, length, 0, 0}
uint32_t ring_buf_put(struct ring_buf *ring, const uint8_t *bytes, uint32_t count);
uint32_t ring_buf_get(struct ring_buf *ring, uint8_t *bytes, uint32_t count);
#endif
