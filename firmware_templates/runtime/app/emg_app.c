/* SPDX-License-Identifier: MIT */
/* The application: bytes from the platform into the session, its answers back. */
#include <stdint.h>
#include <string.h>

#include "../../build_info.h"
#include "../../model.h"
#include "../platform.h"
#include "info.h"
#include "receiver.h"
#include "session.h"
#ifdef EMG_PARAMETER_BYTES
#include "../params/params.h"
#endif
#ifdef EMG_LIVE
#include "../sensing/sampling.h"
#include "../sensing/sensing.h"
#endif

/* How many answers are kept, and so how many windows may be under way: a power of two. */
#ifndef EMG_REPLY_DEPTH
#if EMG_OUTPUT_LEN > 1024
#define EMG_REPLY_DEPTH 1u
#else
#define EMG_REPLY_DEPTH 4u
#endif
#endif
#if (EMG_REPLY_DEPTH & (EMG_REPLY_DEPTH - 1u)) != 0u || EMG_REPLY_DEPTH > 128u
#error "EMG_REPLY_DEPTH must be a power of two up to 128"
#endif

#define INPUT_BYTES ((uint32_t)(EMG_INPUT_LEN * sizeof(emg_input_t)))
#define OUTPUT_BYTES ((uint32_t)(EMG_OUTPUT_LEN * sizeof(emg_output_t)))

/* A raised baud rate is held for this long after the last valid frame; then the line falls back to the
 * rate that a host begins with. The first frame at the new rate has to come sooner. */
#define LEASE_MILLISECONDS 1500u
#define FIRST_FRAME_MILLISECONDS 700u

/* After so long a pause within a frame the rest of it will not come: what follows is a new one. Longer than
 * any pause that a host's driver or a USB bridge makes. */
#define PAUSE_MILLISECONDS 500u

static emg_input_t g_input[EMG_INPUT_LEN];
static emg_output_t g_outputs[EMG_REPLY_DEPTH][EMG_OUTPUT_LEN];
static uint8_t g_map[EMG_WINDOW_MAP(EMG_INPUT_LEN * sizeof(emg_input_t))];
static emg_answer_t g_answers[EMG_REPLY_DEPTH];
static emg_info_t g_info;
static emg_receiver_t g_receiver;
static emg_session_t g_session;

/* A stranger's bytes, such as those of a host at another rate, are answered all the same, so that it
 * learns that somebody is here: after so many without a frame. A greeting is shorter. */
#define NOISE_BEFORE_SESSION 40u

static uint32_t g_noise; /* bytes since the last frame or rejection */
static uint32_t g_baud;
static uint32_t g_last_heard; /* in ticks, while the rate is a raised one */
static uint32_t g_patience;
static int g_baud_supported;
static int g_pausing;          /* nothing has come since */
static uint32_t g_pause_begin; /* this tick */

/* Looking at the clock takes time itself, less than a tick on some platforms: hence the mean of many. */
#define CLOCK_LOOKS 64u

static uint32_t g_selftest_ticks;
static uint32_t g_clock_cost; /* ticks between two looks at the clock with nothing in between */

static void measure_clock(void) {
    uint32_t sum = 0;
    uint32_t i;
    for (i = 0; i < CLOCK_LOOKS; i++) {
        const uint32_t begin = emg_platform_ticks();
        sum += emg_platform_ticks() - begin;
    }
    g_clock_cost = sum / CLOCK_LOOKS;
}

static uint32_t infer(uint32_t slot) {
    const uint32_t begin = emg_platform_ticks();
    uint32_t elapsed;
    emg_model_invoke(g_input, g_outputs[slot]);
    elapsed = emg_platform_ticks() - begin;
    return elapsed > g_clock_cost ? elapsed - g_clock_cost : 0;
}

static int can_set_baud(uint32_t baud) {
    return g_baud_supported && baud > 0;
}

static void gather_facts(uint32_t selftest_ticks) {
    const emg_platform_info_t *const platform = &emg_platform_info;
    g_info.length = 0;
    emg_info_text(&g_info, EMG_INFO_BOARD, platform->board);
    emg_info_text(&g_info, EMG_INFO_BUILD_ID, EMG_BUILD_ID);
    emg_info_text(&g_info, EMG_INFO_MODEL_SHA256, EMG_MODEL_SHA256);
    emg_info_number(&g_info, EMG_INFO_CLOCK_HZ, platform->clock_hz);
    emg_info_number(&g_info, EMG_INFO_TICK_HZ, platform->tick_hz);
    emg_info_text(&g_info, EMG_INFO_TIMING_SOURCE, platform->timing_source);
    emg_info_number(&g_info, EMG_INFO_SELFTEST_TICKS, selftest_ticks);
    emg_info_number(&g_info, EMG_INFO_BAUD, platform->baud);
    emg_info_text(&g_info, EMG_INFO_TOOL_VERSION, EMG_TOOL_VERSION);
#ifdef EMG_TAPS
    emg_info_number(&g_info, EMG_INFO_TAPS, EMG_TAPS);
    emg_info_text(&g_info, EMG_INFO_TAPS_OF, EMG_TAPS_OF);
#endif
#ifdef EMG_PARAMETER_BYTES
    emg_info_text(&g_info, EMG_INFO_PARAMS, emg_params_id());
#endif
    g_session.info_bytes = g_info.length;
}

#ifdef EMG_PARAMETER_BYTES
/* Answers of before are not those of another set. */
static uint32_t params(const emg_frame_t *question, uint8_t *out) {
    int changed = 0;
    const uint32_t length = emg_params_handle(question, out, &changed);
    if (changed) {
        g_session.window.active = 0;
        memset(g_answers, 0, sizeof g_answers);
        gather_facts(g_selftest_ticks);
    }
    return length;
}
#define PARAMS params
#else
#define PARAMS NULL
#endif

static const emg_session_world_t g_world = {emg_platform_write,      infer,        emg_platform_rx_dropped,
                                            emg_platform_stack_used, can_set_baud, PARAMS};

static void set_up(void) {
    g_session.world = &g_world;
    g_session.window.bytes = (uint8_t *)g_input;
    g_session.window.map = g_map;
    g_session.window.length = INPUT_BYTES;
    g_session.answers = g_answers;
    g_session.outputs = (uint8_t *)g_outputs;
    g_session.depth = EMG_REPLY_DEPTH;
    g_session.output_bytes = OUTPUT_BYTES;
    g_session.rx_buffer_bytes = emg_platform_info.rx_buffer_bytes;
    g_session.info = g_info.bytes;
    g_session.selftest = EMG_SELFTEST_NOT_RUN;
    emg_session_reset(&g_session);
    emg_receiver_reset(&g_receiver);
    g_baud = emg_platform_info.baud;
    g_baud_supported = emg_platform_set_baud(g_baud);
}

static void self_test(void) {
    const uint32_t begin = emg_platform_ticks();
    const int wrong = emg_model_selftest();
    g_session.selftest = wrong ? EMG_SELFTEST_FAILED : EMG_SELFTEST_PASSED;
    g_selftest_ticks = emg_platform_ticks() - begin;
#ifdef EMG_PARAMETER_BYTES
    emg_params_begin();
#endif
    gather_facts(g_selftest_ticks);
}

static uint32_t ticks_of(uint32_t milliseconds) {
    const uint64_t ticks = (uint64_t)emg_platform_info.tick_hz * milliseconds / 1000u;
    return ticks > 0x7FFFFFFFu ? 0x7FFFFFFFu : (uint32_t)ticks;
}

static void switch_baud(uint32_t baud) {
    if (!emg_platform_set_baud(baud)) {
        return;
    }
    g_baud = baud;
    g_last_heard = emg_platform_ticks();
    g_patience = ticks_of(FIRST_FRAME_MILLISECONDS);
    emg_receiver_reset(&g_receiver);
}

static int raised(void) {
    return g_baud != emg_platform_info.baud;
}

static void heard(void) {
    g_last_heard = emg_platform_ticks();
    g_patience = ticks_of(LEASE_MILLISECONDS);
}

static int too_much_noise(void) {
    g_noise++;
    return g_noise > (g_session.session == 0 ? NOISE_BEFORE_SESSION : EMG_FRAME_WIRE);
}

static void take(uint8_t byte) {
    emg_frame_t frame;
    const uint32_t events = emg_receiver_feed(&g_receiver, byte, &frame);
    /* Only the encoding in use is asked for again: to the other decoder this stream is noise. */
    const uint32_t rejected = g_session.text ? EMG_REJECTED_TEXT : EMG_REJECTED_BINARY;
    if ((events & rejected) != 0u || too_much_noise()) {
        g_noise = 0;
        emg_session_reject(&g_session);
    }
    if ((events & EMG_RECEIVED_FRAME) == 0u) {
        return;
    }
    g_noise = 0;
    emg_session_handle(&g_session, &frame, g_receiver.text_frame);
    heard();
    if (g_session.baud_wanted != 0) {
        switch_baud(g_session.baud_wanted);
        g_session.baud_wanted = 0;
    }
}

static void begin_pause(void) {
    if (!g_pausing) {
        g_pausing = 1;
        g_pause_begin = emg_platform_ticks();
    }
}

static void end_pause(void) {
    if (g_pausing && emg_platform_ticks() - g_pause_begin > ticks_of(PAUSE_MILLISECONDS)) {
        emg_receiver_reset(&g_receiver);
    }
    g_pausing = 0;
}

/* A raised rate is given up after a while without a frame. */
static void rest(void) {
    begin_pause();
#ifdef EMG_LIVE
    if (emg_sensing_is_clocked()) {
        emg_sampling_idle();
        return;
    }
#endif
    if (raised() && emg_platform_ticks() - g_last_heard > g_patience) {
        switch_baud(emg_platform_info.baud);
    } else {
        emg_platform_idle(raised());
    }
}

void emg_app_begin(void) {
    set_up();
    measure_clock();
    emg_session_announce(&g_session);
    self_test();
}

void emg_app_step(void) {
    const int byte = emg_platform_read();
    if (byte >= 0) {
        end_pause();
        take((uint8_t)byte);
    }
#ifdef EMG_LIVE
    if (emg_sensing_step(&g_session)) {
        return;
    }
#endif
    if (byte < 0) {
        rest();
    }
}

void emg_app_run(void) {
    emg_app_begin();
    for (;;) {
        emg_app_step();
    }
}
