/* SPDX-License-Identifier: MIT */
/* Received bytes on their way from the interrupt handler to the application. One writer (the
 * handler), one reader (the application); the indices run freely and wrap modulo 2^32. */
#ifndef EMG_RING_H
#define EMG_RING_H

#include <stdint.h>

#include "board.h"

#if (EMG_RX_RING_BYTES & (EMG_RX_RING_BYTES - 1u)) != 0u
#error "EMG_RX_RING_BYTES must be a power of two"
#endif

typedef struct {
    volatile uint32_t written;
    volatile uint32_t taken;
    volatile uint8_t bytes[EMG_RX_RING_BYTES];
} emg_ring_t;

static inline int emg_ring_is_full(const emg_ring_t *ring) {
    return ring->written - ring->taken >= EMG_RX_RING_BYTES;
}

static inline int emg_ring_is_empty(const emg_ring_t *ring) {
    return ring->written == ring->taken;
}

static inline void emg_ring_put(emg_ring_t *ring, uint8_t byte) {
    ring->bytes[ring->written & (EMG_RX_RING_BYTES - 1u)] = byte;
    ring->written = ring->written + 1u;
}

static inline int emg_ring_take(emg_ring_t *ring) {
    int byte;
    if (emg_ring_is_empty(ring)) {
        return -1;
    }
    byte = ring->bytes[ring->taken & (EMG_RX_RING_BYTES - 1u)];
    ring->taken = ring->taken + 1u;
    return byte;
}

#endif
