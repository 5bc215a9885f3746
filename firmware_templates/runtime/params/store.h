/* SPDX-License-Identifier: MIT */
/* Parameter sets that survive interruptions: two slots of storage, of which the newest valid one counts.
 *
 * A set is written into the slot that is not in use; its header comes last and holds a checksum over all of
 * it. So whatever is cut off, and wherever, the set from before stays the valid one, and a slot is never a
 * mixture. */
#ifndef EMG_STORE_H
#define EMG_STORE_H

#include <stdint.h>

#define EMG_STORE_SLOTS 2u
#define EMG_STORE_ID 32u
#define EMG_STORE_HEADER 52u /* magic, number, length u32, identity, writes u32, CRC-32 u32 */

typedef struct {
    uint32_t length;             /* bytes of a set */
    uint32_t active;             /* the slot in use, EMG_STORE_SLOTS: the set as built */
    uint32_t number;             /* of the active set; each one written has the next */
    uint32_t writes;             /* slots erased so far */
    uint8_t id[EMG_STORE_ID];    /* of the active set, zeros: as built */
    uint8_t other[EMG_STORE_ID]; /* of the one that a roll-back leads to */
} emg_store_t;

/* Looks at both slots. Afterwards `active` says where the set in use lies. */
void emg_store_open(emg_store_t *store, uint32_t length);

/* Writes `length` bytes with this identity into the slot that is not in use, which then is; 1: what lies
 * there is what was to be written. */
int emg_store_write(emg_store_t *store, const uint8_t *id, const uint8_t *from);

/* Gives the active set up: the one before it is in use again, or the set as built. */
void emg_store_roll_back(emg_store_t *store);

/* The active set's bytes; nothing where it is as built. */
void emg_store_read(const emg_store_t *store, uint8_t *to);

#endif
