/* SPDX-License-Identifier: MIT */
#include "window.h"

#include <string.h>

static uint32_t units(uint32_t bytes) {
    return (bytes + EMG_WINDOW_UNIT - 1u) / EMG_WINDOW_UNIT;
}

void emg_window_begin(emg_window_t *window, uint16_t sequence, uint32_t crc) {
    memset(window->map, 0, EMG_WINDOW_MAP(window->length));
    window->missing = units(window->length);
    window->crc = crc;
    window->sequence = sequence;
    window->active = 1;
}

static int fits(const emg_window_t *window, uint32_t offset, uint32_t count) {
    if (count == 0 || offset % EMG_WINDOW_UNIT != 0 || offset > window->length ||
        count > window->length - offset) {
        return 0;
    }
    return count % EMG_WINDOW_UNIT == 0 || offset + count == window->length;
}

int emg_window_put(emg_window_t *window, uint32_t offset, const uint8_t *data, uint32_t count) {
    uint32_t unit;
    if (!fits(window, offset, count)) {
        return 0;
    }
    memcpy(window->bytes + offset, data, count);
    for (unit = offset / EMG_WINDOW_UNIT; unit < units(offset + count); unit++) {
        const uint8_t bit = (uint8_t)(1u << (unit % 8u));
        if ((window->map[unit / 8u] & bit) == 0) {
            window->map[unit / 8u] |= bit;
            window->missing--;
        }
    }
    return 1;
}

uint32_t emg_window_first_missing(const emg_window_t *window) {
    uint32_t unit;
    for (unit = 0; unit < units(window->length); unit++) {
        if ((window->map[unit / 8u] & (1u << (unit % 8u))) == 0) {
            return unit * EMG_WINDOW_UNIT;
        }
    }
    return window->length;
}
