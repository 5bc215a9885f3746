/* SPDX-License-Identifier: MIT */
#include "sensing.h"

#include <string.h>

#include "../../live.h"
#include "../../model.h"
#include "../app/crc32.h"
#include "../platform.h"
#include "recording.h"
#include "sample_ring.h"
#include "sampling.h"
#include "sensing_state.h"

/* A source without a clock is silent after so long. */
#define SILENCE_MILLISECONDS 150u

emg_sensing_state_t emg_sensing;

__attribute__((weak)) void emg_act(const emg_event_t *event) {
    (void)event;
}

int emg_sensing_is_clocked(void) {
    return emg_sensing.state == EMG_LIVE_RUNNING && emg_sensing.period != 0u;
}

int emg_sensing_has_samples(void) {
    return emg_ring_waiting(&emg_sensing.ring) != 0u;
}

void emg_sensing_put(const float *millivolts) {
    emg_sample_t *const room = emg_ring_room(&emg_sensing.ring);
    if (room == 0) {
        emg_ring_overrun(&emg_sensing.ring);
        return;
    }
    memcpy(room->millivolts, millivolts, sizeof room->millivolts);
    emg_ring_put_row(&emg_sensing.ring, emg_platform_ticks());
}

void emg_sensing_lose(uint32_t samples) {
    emg_sensing.ring.lost += samples;
}

/* The recording goes round and round. */
void emg_sampling_tick(void) {
    emg_sensing_state_t *const own = &emg_sensing;
    emg_sample_t *const room = emg_ring_room(&own->ring);
    const uint32_t row = own->played;
    if (own->limit != 0u && own->ticked == own->limit) {
        return;
    }
    own->ticked++;
    own->played = row + 1u < emg_recording_samples ? row + 1u : 0u;
    if (room == 0) {
        emg_ring_overrun(&own->ring);
        return;
    }
    for (int32_t channel = 0; channel < EMG_LIVE_CHANNELS; ++channel) {
        const int16_t count = emg_recording[row * EMG_LIVE_CHANNELS + (uint32_t)channel];
        room->millivolts[channel] = (float)count * emg_recording_scale;
    }
    emg_ring_put_row(&own->ring, emg_platform_ticks());
}

static uint32_t silence_of(uint32_t period) {
    const uint64_t own = (uint64_t)emg_platform_info.tick_hz * SILENCE_MILLISECONDS / 1000u;
    const uint64_t ticks = period != 0u ? (uint64_t)period * EMG_LIVE_HOLD_SAMPLES : own;
    return ticks > 0x7FFFFFFFu ? 0x7FFFFFFFu : (uint32_t)ticks;
}

int emg_sensing_start(uint32_t source, uint32_t flags, uint32_t period, uint32_t limit) {
    emg_sensing_state_t *const own = &emg_sensing;
    const int plays = source == EMG_SOURCE_RECORDING;
    emg_sensing_stop();
    if (source > EMG_SOURCE_OWN || (plays && (emg_recording_samples == 0u || period == 0u))) {
        return 0;
    }
    memset(&own->counts, 0, sizeof own->counts);
    emg_ring_clear(&own->ring);
    emg_live_reset();
    own->source = source;
    own->flags = flags;
    own->limit = limit;
    own->played = own->ticked = own->sample = own->channel = 0;
    own->silent = own->in_gap = 0;
    own->last_ticks = emg_platform_ticks();
    own->period = 0;
    if (plays) {
        own->period = emg_sampling_start(period);
        if (own->period == 0u) {
            return 0;
        }
    }
    own->silence = silence_of(own->period);
    own->state = EMG_LIVE_RUNNING;
    return 1;
}

static emg_event_t at_rest(void) {
    emg_event_t event;
    memset(&event, 0, sizeof event);
    event.end = emg_live_samples();
    event.decision.gesture = EMG_LIVE_REST;
    event.decision.unsure = 1;
    event.silent = 1;
    return event;
}

void emg_sensing_stop(void) {
    if (emg_sensing.state == EMG_LIVE_RUNNING) {
        const emg_event_t event = at_rest();
        emg_sampling_stop();
        emg_sensing.state = EMG_LIVE_IDLE;
        emg_act(&event);
    }
}

static void infer(emg_event_t *event) {
    emg_sensing_state_t *const own = &emg_sensing;
    const emg_output_t *output;
    uint32_t begin;
    emg_live_window(emg_model_input());
    if ((own->flags & EMG_LIVE_CHECKSUMS) != 0u) {
        event->input_crc =
            emg_crc32(0, (const uint8_t *)emg_model_input(), EMG_INPUT_LEN * sizeof(emg_input_t));
    }
    begin = emg_platform_ticks();
    emg_model_run();
    event->inference = emg_platform_ticks() - begin;
    output = emg_model_output();
    if ((own->flags & EMG_LIVE_CHECKSUMS) != 0u) {
        event->output_crc = emg_crc32(0, (const uint8_t *)output, EMG_OUTPUT_LEN * sizeof(emg_output_t));
    }
    event->decision = emg_live_decision(output);
}

static void answer(emg_session_t *session, uint32_t came) {
    emg_sensing_state_t *const own = &emg_sensing;
    emg_event_t event;
    memset(&event, 0, sizeof event);
    event.end = emg_live_samples();
    event.good = emg_live_good();
    infer(&event);
    event.waiting = emg_ring_waiting(&own->ring);
    event.latency = emg_platform_ticks() - came;
    own->counts.answered++;
    own->counts.late += own->period != 0u && event.latency > own->period * EMG_LIVE_STRIDE_SAMPLES;
    emg_act(&event);
    emg_sensing_say(session, &event);
}

static void whole(emg_session_t *session, uint32_t came) {
    emg_sensing_state_t *const own = &emg_sensing;
    const int newer = emg_ring_waiting(&own->ring) >= EMG_LIVE_STRIDE_SAMPLES;
    own->counts.windows++;
    if (newer && (own->flags & EMG_LIVE_EVERY) == 0u) {
        own->counts.stale++;
    } else {
        answer(session, came);
    }
}

/* The host learns which samples never came, so that it can do the same. */
static void say_gap(emg_session_t *session, uint32_t lost) {
    emg_event_t event;
    memset(&event, 0, sizeof event);
    event.end = emg_live_samples();
    event.lost = lost;
    emg_sensing_say(session, &event);
}

static void taken(emg_session_t *session, uint32_t came, int complete) {
    emg_sensing_state_t *const own = &emg_sensing;
    own->last_ticks = came;
    own->silent = 0;
    if (complete) {
        whole(session, came);
    }
}

/* One of `lost` samples that never came; how many are left. */
static uint32_t lose(emg_session_t *session, uint32_t lost, uint32_t came) {
    emg_sensing_state_t *const own = &emg_sensing;
    if (!own->in_gap) {
        say_gap(session, lost);
    }
    own->in_gap = 1;
    own->counts.lost++;
    taken(session, came, emg_live_lost());
    return lost - 1u;
}

/* One sample of the ring, or one that was lost before it. */
static void take(emg_session_t *session, emg_sample_t *sample) {
    emg_sensing_state_t *const own = &emg_sensing;
    const uint32_t came = sample->ticks;
    if (sample->lost != 0u) {
        sample->lost = lose(session, sample->lost, came);
    } else {
        const int complete = emg_live_push(sample->millivolts);
        own->in_gap = 0;
        emg_ring_release(&own->ring);
        taken(session, came, complete);
    }
}

/* The last decision was held for long enough: rest, said once. */
static int watch_for_silence(emg_session_t *session) {
    emg_sensing_state_t *const own = &emg_sensing;
    if (own->silent || emg_platform_ticks() - own->last_ticks <= own->silence) {
        return 0;
    }
    const emg_event_t event = at_rest();
    own->silent = 1;
    own->counts.silences++;
    emg_act(&event);
    emg_sensing_say(session, &event);
    return 1;
}

int emg_sensing_step(emg_session_t *session) {
    emg_sensing_state_t *const own = &emg_sensing;
    emg_sample_t *sample;
    if (own->state != EMG_LIVE_RUNNING) {
        return 0;
    }
    sample = emg_ring_oldest(&own->ring);
    if (sample != 0) {
        take(session, sample);
        return 1;
    }
    if (own->period != 0u && own->ticked == own->limit &&
        own->ring.lost != 0u) { /* the clock has stopped on them */
        own->ring.lost = lose(session, own->ring.lost, emg_platform_ticks());
        return 1;
    }
    if (own->limit != 0u && emg_live_samples() >= own->limit) {
        emg_sampling_stop();
        own->state = EMG_LIVE_ENDED;
        return 1;
    }
    return watch_for_silence(session);
}
