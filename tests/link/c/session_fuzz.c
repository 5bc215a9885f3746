/* Valid frames with any content into the device's session: `session_fuzz N SEED`.
 *
 * No memory error is the sanitizers' business; this program checks the promise itself: within a
 * session every sequence number is inferred at most once, and only whole windows with the checksum
 * that was announced are inferred. With EMG_TAPS it also checks that what the steps are said to have made
 * is what they make of the window inferred last. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crc32.h"
#include "receiver.h"
#include "session.h"
#ifdef EMG_TAPS
#include "tapped_model.h"
#endif

#define INPUT 100u
#define OUTPUT 300u
#define DEPTH 4u

static uint8_t g_input[INPUT];
static uint8_t g_map[EMG_WINDOW_MAP(INPUT)];
static uint8_t g_outputs[DEPTH * OUTPUT];
static emg_answer_t g_answers[DEPTH];
static const uint8_t g_info[40] = {1, 38};
static emg_session_t g_session;
static uint8_t g_inferred[65536];
static uint32_t g_inferred_in;
static unsigned long g_inferences;
static unsigned long g_sent;
static int g_broken;

static uint32_t g_next_session = 1000;

static uint64_t g_random;

static uint32_t draw(uint32_t below) {
    g_random ^= g_random << 13;
    g_random ^= g_random >> 7;
    g_random ^= g_random << 17;
    return (uint32_t)((g_random >> 32) % below);
}

/* Everything that the device says must itself be a valid frame of an answer type. */
static void check_sent(const uint8_t *wire, uint32_t length) {
    static emg_receiver_t receiver;
    emg_frame_t frame;
    uint32_t i;
    uint32_t frames = 0;
    emg_receiver_reset(&receiver);
    for (i = 0; i < length; i++) {
        if ((emg_receiver_feed(&receiver, wire[i], &frame) & EMG_RECEIVED_FRAME) != 0u) {
            frames++;
            g_broken |= frame.type < EMG_TYPE_ANSWER;
#ifdef EMG_TAPS
            g_broken |= tapped_wrong(&frame);
#endif
        }
    }
    g_broken |= frames != 1;
    g_sent++;
}

/* Numbers come round again after 65,536; those half-way round count as new by then. */
static void forget_half_way_round(uint16_t sequence) {
    uint32_t i;
    for (i = 0; i < 4096; i++) {
        g_inferred[(uint16_t)(sequence + 0x4000u + i)] = 0;
    }
}

static uint32_t infer(uint32_t slot) {
    const uint16_t sequence = g_session.window.sequence;
    if (g_inferred_in != g_session.session) {
        memset(g_inferred, 0, sizeof g_inferred);
        g_inferred_in = g_session.session;
    }
    g_broken |= g_inferred[sequence] != 0;
    g_broken |= emg_crc32(0, g_input, INPUT) != g_session.window.crc;
    g_inferred[sequence] = 1;
    forget_half_way_round(sequence);
    g_inferences++;
#ifdef EMG_TAPS
    tapped_infer(g_input, INPUT, sequence);
#endif
    memset(g_outputs + slot * OUTPUT, (int)(sequence & 0xFFu), OUTPUT);
    return sequence;
}

static uint32_t none(void) {
    return 0;
}

static int can_set_baud(uint32_t baud) {
    return baud == 9600;
}

#ifdef EMG_TAPS
void emg_platform_write(const uint8_t *wire, uint32_t length) {
    check_sent(wire, length);
}
#endif

static const emg_session_world_t g_world = {check_sent, infer, none, none, can_set_baud, NULL};

static const uint8_t g_windows[2][INPUT] = {{1, 2, 3}, {9, 8, 7}};

static uint32_t chunk(uint8_t *payload) {
    const uint8_t *const window = g_windows[draw(2)];
    const uint32_t offset = draw(4) * 32u;
    uint32_t count = draw(6) == 0 ? draw(110) : (1 + draw(4)) * 32u;
    count = offset + count > INPUT && draw(8) != 0 ? INPUT - offset : count;
    emg_put_u32(payload, draw(20) == 0 ? draw(200) : INPUT);
    emg_put_u32(payload + 4, draw(30) == 0 ? draw(9999) : emg_crc32(0, window, INPUT));
    emg_put_u32(payload + 8, draw(30) == 0 ? draw(0xFFFFFFFFu) : offset);
    if (offset + count <= INPUT) {
        memcpy(payload + 12, window + offset, count);
    } else {
        memset(payload + 12, 5, count);
    }
    return 12u + count;
}

static uint32_t any_payload(uint8_t *payload) {
    const uint32_t length = draw(EMG_FRAME_PAYLOAD + 1u);
    uint32_t i;
    for (i = 0; i < length; i++) {
        payload[i] = (uint8_t)draw(256);
    }
    return length;
}

static uint32_t hello(uint8_t *payload) {
    memcpy(payload, "EMG?", 4);
    emg_put_u16(payload + 4, (uint16_t)draw(400));
    return 6;
}

static uint32_t read_request(uint8_t *payload) {
    payload[0] = (uint8_t)draw(5);
    payload[1] = 0;
    emg_put_u16(payload + 2, (uint16_t)(payload[0] == 3 ? draw(8) : g_session.newest - draw(4)));
    emg_put_u32(payload + 4, draw(5) == 0 ? draw(0xFFFFFFFFu) : draw(400));
    emg_put_u16(payload + 8, (uint16_t)draw(65536));
    return 10;
}

static void one(void) {
    /* On the heap and exactly as long, so that a sanitizer sees a read beyond the payload. */
    static uint8_t payload[EMG_FRAME_PAYLOAD];
    emg_frame_t frame = {1, 0, 0, 0, NULL, 0};
    uint8_t *exact;
    frame.type = (uint8_t)(draw(40) == 0 ? draw(256) : 1u + draw(7));
    frame.type = draw(3) != 0 ? EMG_TYPE_CHUNK : frame.type;
    /* What was inferred is asked for before the next window comes in. */
    frame.type = !g_session.window.active && draw(2) == 0 ? EMG_TYPE_READ : frame.type;
    frame.version = draw(60) == 0 ? 2 : 1;
    frame.session = draw(200) == 0 ? draw(5) : g_session.session;
    frame.sequence = (uint16_t)(g_session.newest + draw(8) - 5u);
    if (frame.type == EMG_TYPE_HELLO && draw(4) == 0) {
        frame.session = ++g_next_session; /* a host never takes a number twice */
    }
    if (draw(12) == 0) {
        frame.length = any_payload(payload);
    } else if (frame.type == EMG_TYPE_CHUNK) {
        frame.length = chunk(payload);
    } else if (frame.type == EMG_TYPE_HELLO) {
        frame.length = hello(payload);
    } else if (frame.type == EMG_TYPE_READ) {
        frame.length = read_request(payload);
    } else {
        frame.length = draw(8);
    }
    exact = malloc(frame.length + 1u);
    if (exact == NULL) {
        exit(3);
    }
    memcpy(exact, payload, frame.length);
    frame.payload = exact;
    emg_session_handle(&g_session, &frame, (int)draw(2));
    free(exact);
}

int main(int argc, char **argv) {
    unsigned long executions;
    unsigned long i;
    if (argc != 3) {
        return 2;
    }
    executions = strtoul(argv[1], NULL, 10);
    g_random = strtoul(argv[2], NULL, 10) * 2654435761u + 88172645463325252u;
    g_session.world = &g_world;
    g_session.window.bytes = g_input;
    g_session.window.map = g_map;
    g_session.window.length = INPUT;
    g_session.answers = g_answers;
    g_session.outputs = g_outputs;
    g_session.depth = DEPTH;
    g_session.output_bytes = OUTPUT;
    g_session.info = g_info;
    g_session.info_bytes = sizeof g_info;
    emg_session_reset(&g_session);
    for (i = 0; i < executions && !g_broken; i++) {
        one();
    }
#ifdef EMG_TAPS
    printf("%lu pieces of steps, %lu of checksums; ", g_step_pieces, g_checksum_pieces);
#endif
    printf("%lu frames handled, %lu answers, %lu inferences%s\n", i, g_sent, g_inferences,
           g_broken ? ", a promise was broken" : "");
    return g_broken;
}
