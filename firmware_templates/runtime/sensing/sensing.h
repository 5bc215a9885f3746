/* SPDX-License-Identifier: MIT */
/* Live recognition in the main loop: samples from a source, through a ring, into windows, decisions and
 * events.
 *
 * The source never waits for the network. When a newer window is whole before an older one was inferred, the
 * older one is left out and counted. While samples fail to come, the last decision is held, then the hand
 * rests. */
#ifndef EMG_SENSING_H
#define EMG_SENSING_H

#include <stdint.h>

#include "../app/frame.h"
#include "../app/session.h"
#include "../live/decision.h"

#define EMG_SOURCE_WIRE 0u
#define EMG_SOURCE_RECORDING 1u
#define EMG_SOURCE_OWN 2u

#define EMG_LIVE_IDLE 0u
#define EMG_LIVE_RUNNING 1u
#define EMG_LIVE_ENDED 2u /* as many samples as were asked for have been taken */

#define EMG_LIVE_EVERY 1u     /* flag of a start: no window is left out, however late */
#define EMG_LIVE_CHECKSUMS 2u /* events carry checksums of the network's input and output */

/* One decision. end: samples from the start to the window's last, inclusive. latency, inference: in ticks,
 * from when the last sample came to the decision, and of the network alone. silent: made because no sample
 * came. */
typedef struct {
    uint32_t end;
    emg_decision_t decision;
    int32_t good;
    int32_t silent;
    uint32_t waiting; /* samples in the ring */
    uint32_t lost;    /* no decision: so many samples from `end` on never came; over the wire only */
    uint32_t latency;
    uint32_t inference;
    uint32_t input_crc;
    uint32_t output_crc;
} emg_event_t;

/* What acts: a weak function that does nothing; define your own. Called in the main loop. */
void emg_act(const emg_event_t *event);

/* A source of your own, EMG_SOURCE_OWN: from an interrupt, or from the main loop, never from both. A sample
 * that never came is told before the next one that does. */
void emg_sensing_put(const float *millivolts);
void emg_sensing_lose(uint32_t samples);

/* LIVE and SAMPLES of the wire (docs/protocol.md). */
void emg_sensing_request(emg_session_t *session, const emg_frame_t *frame);

/* Starts by itself, as a device without a host does. period: ticks between samples, 0 where the source has
 * its own time. Returns 0 when it cannot. */
int emg_sensing_start(uint32_t source, uint32_t flags, uint32_t period, uint32_t limit);

/* The hand rests; nothing is sampled any more. */
void emg_sensing_stop(void);

/* One sample's work, with the inference of a window that it completes. 0 when there was nothing to do. */
int emg_sensing_step(emg_session_t *session);

/* Whether a clock samples, so that emg_sampling_idle() is the way to sleep. */
int emg_sensing_is_clocked(void);
int emg_sensing_has_samples(void);

#endif
