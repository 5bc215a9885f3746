/* SPDX-License-Identifier: MIT */
#include "params.h"

#include <string.h>

#include "../../model.h"
#include "../app/crc32.h"
#include "store.h"

#define OP_STATE 0u
#define OP_DATA 1u
#define OP_COMMIT 2u
#define OP_ROLL_BACK 3u

#define DONE 0u
#define DAMAGED 1u /* what came is not what was announced, or the storage does not hold it */

#define STATE_BYTES (8u + 2u * EMG_STORE_ID)

static uint8_t g_built[EMG_PARAMETER_BYTES];
static uint8_t g_staged[EMG_PARAMETER_BYTES];
static emg_store_t g_store;
static char g_id[EMG_PARAMS_ID_TEXT];

static void use(void) {
    static const char digits[] = "0123456789abcdef";
    uint32_t i;
    memcpy(g_staged, g_built, sizeof g_staged);
    emg_store_read(&g_store, g_staged);
    emg_model_set_parameters(g_staged);
    for (i = 0; i < EMG_STORE_ID; i++) {
        g_id[2u * i] = digits[g_store.id[i] >> 4];
        g_id[2u * i + 1u] = digits[g_store.id[i] & 15u];
    }
    g_id[2u * EMG_STORE_ID] = '\0';
    if (g_store.active == EMG_STORE_SLOTS) {
        memcpy(g_id, "0", 2);
    }
}

void emg_params_begin(void) {
    emg_model_get_parameters(g_built);
    emg_store_open(&g_store, EMG_PARAMETER_BYTES);
    use();
}

const char *emg_params_id(void) {
    return g_id;
}

static uint32_t state(uint8_t *out, uint8_t status) {
    out[0] = status;
    out[1] = 0;
    emg_put_u16(out + 2, (uint16_t)EMG_PARAMETER_BYTES);
    emg_put_u32(out + 4, g_store.writes);
    memcpy(out + 8, g_store.id, EMG_STORE_ID);
    memcpy(out + 8 + EMG_STORE_ID, g_store.other, EMG_STORE_ID);
    return STATE_BYTES;
}

static int is_active(const uint8_t *id) {
    return g_store.active != EMG_STORE_SLOTS && memcmp(id, g_store.id, EMG_STORE_ID) == 0;
}

static uint32_t take_data(const emg_frame_t *frame, uint8_t *out) {
    const uint32_t offset = emg_get_u16(frame->payload + 2);
    const uint32_t count = frame->length - 4u;
    if (offset + count > EMG_PARAMETER_BYTES) {
        return 0;
    }
    memcpy(g_staged + offset, frame->payload + 4, count);
    return state(out, DONE);
}

/* Asked again, it changes nothing: the answer may have been lost. */
static uint32_t commit(const emg_frame_t *frame, uint8_t *out, int *changed) {
    const uint8_t *const id = frame->payload + 8;
    uint8_t status = DONE;
    if (frame->length != 8u + EMG_STORE_ID) {
        return 0;
    }
    if (!is_active(id)) {
        if (emg_crc32(0, g_staged, EMG_PARAMETER_BYTES) != emg_get_u32(frame->payload + 4) ||
            !emg_store_write(&g_store, id, g_staged)) {
            status = DAMAGED;
        }
        use();
        *changed = 1;
    }
    return state(out, status);
}

/* Names the set to be given up, so that asking again gives up no other. */
static uint32_t roll_back(const emg_frame_t *frame, uint8_t *out, int *changed) {
    if (frame->length != 4u + EMG_STORE_ID) {
        return 0;
    }
    if (is_active(frame->payload + 4)) {
        emg_store_roll_back(&g_store);
        use();
        *changed = 1;
    }
    return state(out, DONE);
}

uint32_t emg_params_handle(const emg_frame_t *frame, uint8_t *out, int *changed) {
    if (frame->length < 4u) {
        return 0;
    }
    switch (frame->payload[0]) {
    case OP_STATE:
        return state(out, DONE);
    case OP_DATA:
        return take_data(frame, out);
    case OP_COMMIT:
        return commit(frame, out, changed);
    case OP_ROLL_BACK:
        return roll_back(frame, out, changed);
    default:
        return 0;
    }
}
