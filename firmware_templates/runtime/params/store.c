/* SPDX-License-Identifier: MIT */
#include "store.h"

#include <string.h>

#include "../app/crc32.h"
#include "../app/frame.h"
#include "storage.h"

#define MAGIC 0x50474D45u /* EMGP */
#define PIECE 32u

typedef struct {
    uint8_t bytes[EMG_STORE_HEADER];
    int valid;
    uint32_t number;
    uint32_t writes;
} header_t;

static uint32_t data_crc(const emg_store_t *store, uint32_t slot, uint32_t crc) {
    uint8_t piece[PIECE];
    uint32_t offset = 0;
    while (offset < store->length) {
        const uint32_t left = store->length - offset;
        const uint32_t count = left < PIECE ? left : PIECE;
        emg_storage_read(slot, EMG_STORE_HEADER + offset, piece, count);
        crc = emg_crc32(crc, piece, count);
        offset += count;
    }
    return crc;
}

static header_t look(const emg_store_t *store, uint32_t slot) {
    header_t found;
    uint32_t crc;
    emg_storage_read(slot, 0, found.bytes, EMG_STORE_HEADER);
    found.number = emg_get_u32(found.bytes + 4);
    found.writes = emg_get_u32(found.bytes + 44);
    crc = data_crc(store, slot, emg_crc32(0, found.bytes, EMG_STORE_HEADER - 4u));
    found.valid = emg_get_u32(found.bytes) == MAGIC && emg_get_u32(found.bytes + 8) == store->length &&
                  emg_get_u32(found.bytes + 48) == crc;
    return found;
}

static void open_slots(emg_store_t *store) {
    const header_t slots[EMG_STORE_SLOTS] = {look(store, 0), look(store, 1)};
    uint32_t i;
    store->active = EMG_STORE_SLOTS;
    store->number = 0;
    memset(store->id, 0, sizeof store->id);
    memset(store->other, 0, sizeof store->other);
    for (i = 0; i < EMG_STORE_SLOTS; i++) {
        if (slots[i].valid && slots[i].writes > store->writes) {
            store->writes = slots[i].writes;
        }
        if (slots[i].valid && (store->active == EMG_STORE_SLOTS || slots[i].number > store->number)) {
            store->active = i;
            store->number = slots[i].number;
        }
    }
    if (store->active != EMG_STORE_SLOTS) {
        const header_t *const before = &slots[1u - store->active];
        memcpy(store->id, slots[store->active].bytes + 12, EMG_STORE_ID);
        if (before->valid) {
            memcpy(store->other, before->bytes + 12, EMG_STORE_ID);
        }
    }
}

void emg_store_open(emg_store_t *store, uint32_t length) {
    store->length = length;
    store->writes = 0;
    open_slots(store);
}

int emg_store_write(emg_store_t *store, const uint8_t *id, const uint8_t *from) {
    uint8_t header[EMG_STORE_HEADER];
    const uint32_t slot = store->active == 0 ? 1u : 0u;
    const uint32_t number = store->number + 1u;
    store->writes++;
    emg_put_u32(header, MAGIC);
    emg_put_u32(header + 4, number);
    emg_put_u32(header + 8, store->length);
    memcpy(header + 12, id, EMG_STORE_ID);
    emg_put_u32(header + 44, store->writes);
    emg_put_u32(header + 48, emg_crc32(emg_crc32(0, header, EMG_STORE_HEADER - 4u), from, store->length));
    emg_storage_erase(slot);
    emg_storage_program(slot, EMG_STORE_HEADER, from, store->length);
    emg_storage_program(slot, 0, header, EMG_STORE_HEADER);
    open_slots(store);
    return store->active == slot && store->number == number;
}

void emg_store_roll_back(emg_store_t *store) {
    if (store->active != EMG_STORE_SLOTS) {
        store->writes++;
        emg_storage_erase(store->active);
        open_slots(store);
    }
}

void emg_store_read(const emg_store_t *store, uint8_t *to) {
    if (store->active != EMG_STORE_SLOTS) {
        emg_storage_read(store->active, EMG_STORE_HEADER, to, store->length);
    }
}
