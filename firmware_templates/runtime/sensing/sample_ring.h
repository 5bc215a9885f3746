/* SPDX-License-Identifier: MIT */
/* Samples on their way from the source (an interrupt, a thread or the wire) to the main loop. One writer, one
 * reader; the indices run freely and wrap modulo 2^32. A source never waits: what finds no room is lost, and
 * counted. */
#ifndef EMG_SAMPLE_RING_H
#define EMG_SAMPLE_RING_H

#include <stdint.h>

#include "../../live.h"

#define EMG_RING_SAMPLES EMG_LIVE /* a power of two, chosen by the build */

typedef struct {
    float millivolts[EMG_LIVE_CHANNELS];
    uint32_t ticks; /* when it came */
    uint32_t lost;  /* so many before it never came */
} emg_sample_t;

typedef struct {
    volatile uint32_t written;
    volatile uint32_t taken;
    volatile uint32_t overruns; /* samples that found no room */
    uint32_t lost;              /* before the next one that is put; the writer's */
    emg_sample_t samples[EMG_RING_SAMPLES];
} emg_sample_ring_t;

void emg_ring_clear(emg_sample_ring_t *ring);

/* The writer's side. A row may be filled in place: emg_ring_room() is where, null when there is no room. */
emg_sample_t *emg_ring_room(emg_sample_ring_t *ring);
void emg_ring_put_row(emg_sample_ring_t *ring, uint32_t ticks);
void emg_ring_overrun(emg_sample_ring_t *ring);

/* The reader's side: the oldest, null when there is none; and done with it. */
emg_sample_t *emg_ring_oldest(emg_sample_ring_t *ring);
void emg_ring_release(emg_sample_ring_t *ring);

static inline uint32_t emg_ring_waiting(const emg_sample_ring_t *ring) {
    return ring->written - ring->taken;
}

#endif
