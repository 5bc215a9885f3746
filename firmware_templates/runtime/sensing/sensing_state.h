/* SPDX-License-Identifier: MIT */
/* What sensing.c and sensing_wire.c share. */
#ifndef EMG_SENSING_STATE_H
#define EMG_SENSING_STATE_H

#include <stdint.h>

#include "sample_ring.h"
#include "sensing.h"

typedef struct {
    uint32_t lost;     /* samples that never came, overruns among them */
    uint32_t windows;  /* whole ones */
    uint32_t answered; /* of these */
    uint32_t stale;    /* left out for a newer one */
    uint32_t late;     /* answered after the next one was whole */
    uint32_t repeated; /* values of the wire that came twice */
    uint32_t silences;
} emg_sensing_counts_t;

typedef struct {
    uint32_t state, source, flags, period, limit;
    uint32_t silence;         /* ticks without a sample until the hand rests */
    uint32_t last_ticks;      /* when the last sample came */
    uint32_t played, ticked;  /* row of the recording, and how many rows so far; the clock's own */
    uint32_t sample, channel; /* the next value that the wire is to bring */
    uint32_t said;            /* events */
    int silent;
    int in_gap; /* the last sample was a lost one */
    emg_sensing_counts_t counts;
    emg_sample_ring_t ring;
} emg_sensing_state_t;

extern emg_sensing_state_t emg_sensing;

/* An event over the wire, where a host listens. */
void emg_sensing_say(emg_session_t *session, const emg_event_t *event);

#endif
