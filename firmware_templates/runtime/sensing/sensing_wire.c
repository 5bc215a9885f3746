/* SPDX-License-Identifier: MIT */
/* Live recognition's part of the wire (docs/protocol.md): LIVE, SAMPLES and EVENT. */
#include <math.h>
#include <string.h>

#include "../platform.h"
#include "recording.h"
#include "sensing_state.h"

#define LIVE_BYTES 12u
#define SAMPLES_HEADER 8u
#define VALUE_BYTES 4u
#define EVENT_BYTES 32u
#define FARTHEST 1048576u /* samples that may be lost at once */

#define COMMAND_REPORT 0u
#define COMMAND_START 1u
#define COMMAND_STOP 2u

#define EVENT_UNSURE 1u
#define EVENT_GOOD 2u
#define EVENT_REJECTED 4u
#define EVENT_SILENT 8u
#define EVENT_LOST 16u

/* Straight to the platform: a call through the session's pointer could as well be the one that infers, and no
 * bound on the stack could be proven. */
static void send(emg_session_t *session, uint32_t type, uint16_t sequence, uint32_t length) {
    emg_frame_t frame;
    frame.version = EMG_FRAME_VERSION;
    frame.type = (uint8_t)type;
    frame.sequence = sequence;
    frame.session = session->session;
    frame.payload = session->payload;
    frame.length = length;
    emg_platform_write(session->wire, emg_frame_encode(&frame, session->text, session->wire));
}

static void refuse(emg_session_t *session, const emg_frame_t *frame, uint8_t reason) {
    session->payload[0] = reason;
    session->payload[1] = frame->type;
    send(session, EMG_TYPE_REFUSED, frame->sequence, 2);
}

void emg_sensing_say(emg_session_t *session, const emg_event_t *event) {
    uint8_t *const out = session->payload;
    const emg_decision_t *const decision = &event->decision;
    if (session->session == 0u) {
        return;
    }
    emg_put_u32(out, event->end);
    emg_put_u16(out + 4, (uint16_t)decision->gesture);
    emg_put_u16(out + 6, (uint16_t)decision->confidence);
    emg_put_u16(out + 8, (uint16_t)decision->velocity);
    out[10] = (uint8_t)((decision->unsure ? EVENT_UNSURE : 0u) | (event->good ? EVENT_GOOD : 0u) |
                        (decision->rejected ? EVENT_REJECTED : 0u) | (event->silent ? EVENT_SILENT : 0u) |
                        (event->lost ? EVENT_LOST : 0u));
    out[11] = 0;
    emg_put_u32(out + 12, event->lost != 0u ? event->lost : event->waiting);
    emg_put_u32(out + 16, event->latency);
    emg_put_u32(out + 20, event->inference);
    emg_put_u32(out + 24, event->input_crc);
    emg_put_u32(out + 28, event->output_crc);
    send(session, EMG_TYPE_EVENT, (uint16_t)emg_sensing.said++, EVENT_BYTES);
}

static void report(emg_session_t *session, uint16_t sequence) {
    const emg_sensing_state_t *const own = &emg_sensing;
    const emg_sensing_counts_t *const counts = &own->counts;
    const uint32_t numbers[] = {
        own->period,           emg_live_samples(), counts->lost,         own->ring.overruns, counts->windows,
        counts->answered,      counts->stale,      counts->late,         counts->silences,   counts->repeated,
        emg_live_bad_values(), own->said,          emg_recording_samples};
    uint8_t *const out = session->payload;
    out[0] = (uint8_t)own->state;
    out[1] = (uint8_t)own->source;
    emg_put_u16(out + 2, (uint16_t)EMG_LIVE_CHANNELS);
    for (uint32_t k = 0; k < sizeof numbers / sizeof numbers[0]; ++k) {
        emg_put_u32(out + 4 + 4 * k, numbers[k]);
    }
    send(session, EMG_TYPE_LIVE + EMG_TYPE_ANSWER, sequence, 4 + sizeof numbers);
}

static void handle_live(emg_session_t *session, const emg_frame_t *frame) {
    const uint8_t *const in = frame->payload;
    if (frame->length != LIVE_BYTES || in[0] > COMMAND_STOP) {
        refuse(session, frame, EMG_REFUSED_PAYLOAD);
        return;
    }
    if (in[0] == COMMAND_STOP) {
        emg_sensing_stop();
    } else if (in[0] == COMMAND_START) {
        emg_sensing.said = 0;
        if (!emg_sensing_start(in[1], in[2], emg_get_u32(in + 4), emg_get_u32(in + 8))) {
            refuse(session, frame, EMG_REFUSED_RANGE);
            return;
        }
    }
    report(session, frame->sequence);
}

/* One value of the row that is being filled; 0 when there is no room for it. */
static int put(float value) {
    emg_sensing_state_t *const own = &emg_sensing;
    emg_sample_t *const room = emg_ring_room(&own->ring);
    if (room == 0) {
        return 0;
    }
    room->millivolts[own->channel++] = value;
    if (own->channel == EMG_LIVE_CHANNELS) {
        emg_ring_put_row(&own->ring, emg_platform_ticks());
        own->channel = 0;
        own->sample++;
    }
    return 1;
}

/* Values up to that place never came: whole samples are lost, parts of them bad. 0 when there is no room. */
static int skip_to(uint32_t sample, uint32_t channel) {
    emg_sensing_state_t *const own = &emg_sensing;
    while (own->sample != sample && own->channel != 0u) {
        if (!put(NAN)) {
            return 0;
        }
    }
    emg_sensing_lose(sample - own->sample);
    own->sample = sample;
    while (own->channel < channel) {
        if (!put(NAN)) {
            return 0;
        }
    }
    return 1;
}

/* Values from that place on; those that came before are passed over. */
static void take_values(uint32_t sample, uint32_t channel, const uint8_t *from, uint32_t count) {
    emg_sensing_state_t *const own = &emg_sensing;
    const int32_t ahead = (int32_t)(sample - own->sample);
    const int64_t values = (int64_t)ahead * EMG_LIVE_CHANNELS + channel - own->channel;
    uint32_t at = 0;
    if (values < 0) {
        at = (uint64_t)-values < count ? (uint32_t)-values : count;
        own->counts.repeated += at;
    } else if (!skip_to(sample, channel)) {
        return;
    }
    for (; at < count; ++at) {
        float value;
        const uint32_t bits = emg_get_u32(from + VALUE_BYTES * at);
        memcpy(&value, &bits, sizeof value);
        if (!put(value)) {
            return;
        }
    }
}

static void handle_samples(emg_session_t *session, const emg_frame_t *frame) {
    emg_sensing_state_t *const own = &emg_sensing;
    const uint8_t *const in = frame->payload;
    uint32_t sample, channel;
    if (frame->length < SAMPLES_HEADER || (frame->length - SAMPLES_HEADER) % VALUE_BYTES != 0u ||
        in[6] != 0u) {
        refuse(session, frame, EMG_REFUSED_PAYLOAD);
        return;
    }
    sample = emg_get_u32(in);
    channel = emg_get_u16(in + 4);
    if (own->state != EMG_LIVE_RUNNING || own->source != EMG_SOURCE_WIRE || channel >= EMG_LIVE_CHANNELS ||
        (sample - own->sample > FARTHEST && own->sample - sample > FARTHEST)) {
        refuse(session, frame, EMG_REFUSED_RANGE);
        return;
    }
    take_values(sample, channel, in + SAMPLES_HEADER, (frame->length - SAMPLES_HEADER) / VALUE_BYTES);
    emg_put_u32(session->payload, own->sample);
    emg_put_u16(session->payload + 4, (uint16_t)own->channel);
    emg_put_u16(session->payload + 6, (uint16_t)(EMG_RING_SAMPLES - emg_ring_waiting(&own->ring)));
    send(session, EMG_TYPE_SAMPLES + EMG_TYPE_ANSWER, frame->sequence, 8);
}

void emg_sensing_request(emg_session_t *session, const emg_frame_t *frame) {
    if (frame->type == EMG_TYPE_LIVE) {
        handle_live(session, frame);
    } else {
        handle_samples(session, frame);
    }
}
