/* SPDX-License-Identifier: MIT */
/* Storage that lasts until the next reset. */
#include <string.h>

#include "../../model.h"
#include "storage.h"
#include "store.h"

static uint8_t g_slots[EMG_STORE_SLOTS][EMG_STORE_HEADER + EMG_PARAMETER_BYTES];

void emg_storage_erase(uint32_t slot) {
    memset(g_slots[slot], 0xFF, sizeof g_slots[slot]);
}

void emg_storage_program(uint32_t slot, uint32_t offset, const uint8_t *from, uint32_t count) {
    memcpy(g_slots[slot] + offset, from, count);
}

void emg_storage_read(uint32_t slot, uint32_t offset, uint8_t *to, uint32_t count) {
    memcpy(to, g_slots[slot] + offset, count);
}
