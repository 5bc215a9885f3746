/* SPDX-License-Identifier: MIT */
#include "info.h"

#include <string.h>

#include "frame.h"

static void put(emg_info_t *info, uint8_t key, const void *value, uint32_t length) {
    if (info->length + 2u + length > EMG_INFO_BYTES) {
        return;
    }
    info->bytes[info->length++] = key;
    info->bytes[info->length++] = (uint8_t)length;
    memcpy(info->bytes + info->length, value, length);
    info->length += length;
}

void emg_info_text(emg_info_t *info, uint8_t key, const char *text) {
    uint32_t length = 0;
    while (length < EMG_INFO_TEXT && text[length] != '\0') {
        length++;
    }
    put(info, key, text, length);
}

void emg_info_number(emg_info_t *info, uint8_t key, uint32_t number) {
    uint8_t bytes[4];
    emg_put_u32(bytes, number);
    put(info, key, bytes, sizeof bytes);
}
