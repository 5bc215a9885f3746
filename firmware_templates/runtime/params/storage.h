/* SPDX-License-Identifier: MIT */
/* A place of two slots that keeps bytes. What is written may be cut off at any byte. */
#ifndef EMG_STORAGE_H
#define EMG_STORAGE_H

#include <stdint.h>

void emg_storage_erase(uint32_t slot);
/* Into bytes that were erased, each once. */
void emg_storage_program(uint32_t slot, uint32_t offset, const uint8_t *from, uint32_t count);
void emg_storage_read(uint32_t slot, uint32_t offset, uint8_t *to, uint32_t count);

#endif
