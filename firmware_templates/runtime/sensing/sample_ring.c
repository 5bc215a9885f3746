/* SPDX-License-Identifier: MIT */
#include "sample_ring.h"

/* What was written before is seen before what is written after, by an interrupt, a thread and another core.
 */
#define BARRIER() __sync_synchronize()

void emg_ring_clear(emg_sample_ring_t *ring) {
    ring->written = 0;
    ring->taken = 0;
    ring->overruns = 0;
    ring->lost = 0;
}

emg_sample_t *emg_ring_room(emg_sample_ring_t *ring) {
    return emg_ring_waiting(ring) < EMG_RING_SAMPLES ? &ring->samples[ring->written % EMG_RING_SAMPLES] : 0;
}

void emg_ring_put_row(emg_sample_ring_t *ring, uint32_t ticks) {
    emg_sample_t *const sample = &ring->samples[ring->written % EMG_RING_SAMPLES];
    sample->ticks = ticks;
    sample->lost = ring->lost;
    ring->lost = 0;
    BARRIER();
    ring->written = ring->written + 1u;
}

void emg_ring_overrun(emg_sample_ring_t *ring) {
    ring->overruns = ring->overruns + 1u;
    ring->lost++;
}

emg_sample_t *emg_ring_oldest(emg_sample_ring_t *ring) {
    if (emg_ring_waiting(ring) == 0u) {
        return 0;
    }
    BARRIER();
    return &ring->samples[ring->taken % EMG_RING_SAMPLES];
}

void emg_ring_release(emg_sample_ring_t *ring) {
    BARRIER();
    ring->taken = ring->taken + 1u;
}
