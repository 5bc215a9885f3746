/* Storage whose power fails after so many operations: an erase clears some bits only, a word is programmed in
 * part. */
#include <string.h>

#include "../../../firmware_templates/runtime/params/storage.h"
#include "../../../firmware_templates/runtime/params/store.h"

#define SLOT_BYTES 1024u

static uint8_t slots[EMG_STORE_SLOTS][SLOT_BYTES];
static uint32_t left;  /* operations until the power fails */
static uint32_t noise; /* which bits of the last one were done */
static uint32_t erases[EMG_STORE_SLOTS];
static emg_store_t store;

static uint32_t random_bits(void) {
    noise ^= noise << 13;
    noise ^= noise >> 17;
    noise ^= noise << 5;
    return noise;
}

void emg_storage_erase(uint32_t slot) {
    uint32_t i;
    erases[slot] += left > 0;
    for (i = 0; i < SLOT_BYTES && left > 0; i += 64u, left--) {
        uint32_t k;
        for (k = 0; k < 64u; k++) {
            slots[slot][i + k] |= left == 1u ? (uint8_t)random_bits() : 0xFFu;
        }
    }
}

void emg_storage_program(uint32_t slot, uint32_t offset, const uint8_t *from, uint32_t count) {
    uint32_t i;
    for (i = 0; i < count && left > 0; i++) {
        const uint8_t not_yet = left == 1u ? (uint8_t)random_bits() : 0u;
        slots[slot][offset + i] &= (uint8_t)(from[i] | not_yet);
        left -= (i % 4u == 3u || i + 1u == count);
    }
}

void emg_storage_read(uint32_t slot, uint32_t offset, uint8_t *to, uint32_t count) {
    memcpy(to, slots[slot] + offset, count);
}

void flash_reset(void) {
    memset(slots, 0xFF, sizeof slots);
    memset(erases, 0, sizeof erases);
}

void flash_power(uint32_t operations, uint32_t seed) {
    left = operations;
    noise = seed | 1u;
}

uint32_t flash_left(void) {
    return left;
}

uint32_t flash_erases(uint32_t slot) {
    return erases[slot];
}

void store_boot(uint32_t length) {
    emg_store_open(&store, length);
}

int store_write(const uint8_t *id, const uint8_t *from) {
    return emg_store_write(&store, id, from);
}

void store_roll_back(void) {
    emg_store_roll_back(&store);
}

/* 1: a stored set is in use, whose identity and bytes go to `id` and `to`; 0: as built. */
int store_state(uint8_t *id, uint8_t *to, uint32_t *writes) {
    memcpy(id, store.id, EMG_STORE_ID);
    *writes = store.writes;
    emg_store_read(&store, to);
    return store.active != EMG_STORE_SLOTS;
}
