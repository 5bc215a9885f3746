/* SPDX-License-Identifier: MIT */
/* A window on its way in: which of its bytes have arrived, in units of EMG_WINDOW_UNIT bytes. */
#ifndef EMG_WINDOW_H
#define EMG_WINDOW_H

#include <stdint.h>

#define EMG_WINDOW_UNIT 32u
/* Bytes of the map for a window of `bytes` bytes: one bit per unit. */
#define EMG_WINDOW_MAP(bytes) (((bytes) + EMG_WINDOW_UNIT * 8u - 1u) / (EMG_WINDOW_UNIT * 8u))

typedef struct {
    uint8_t *bytes; /* `length` of them */
    uint8_t *map;   /* EMG_WINDOW_MAP(length) of them */
    uint32_t length;
    uint32_t missing; /* units */
    uint32_t crc;     /* what the sender says of the whole */
    uint16_t sequence;
    uint8_t active;
} emg_window_t;

void emg_window_begin(emg_window_t *window, uint16_t sequence, uint32_t crc);

/* 1 and the bytes stored when [offset, offset + count) begins at a unit, ends at one or at the window's
 * end, and lies inside; else 0. */
int emg_window_put(emg_window_t *window, uint32_t offset, const uint8_t *data, uint32_t count);

/* Offset of the first unit that has not arrived; `length` when all have. */
uint32_t emg_window_first_missing(const emg_window_t *window);

#endif
