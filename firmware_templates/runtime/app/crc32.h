/* SPDX-License-Identifier: MIT */
/* CRC-32 as in Ethernet and zlib: polynomial 0xEDB88320 reflected, all ones in, complemented out. */
#ifndef EMG_CRC32_H
#define EMG_CRC32_H

#include <stdint.h>

/* The checksum of `length` more bytes after those that gave `crc`; 0 begins a new one. */
uint32_t emg_crc32(uint32_t crc, const uint8_t *data, uint32_t length);

#endif
