/* SPDX-License-Identifier: MIT */
/* A recording compiled into the image, a source for demonstrations and soak tests without a sensor:
 * generated. */
#ifndef EMG_RECORDING_H
#define EMG_RECORDING_H

#include <stdint.h>

extern const uint32_t emg_recording_samples; /* 0: there is none */
extern const float emg_recording_scale;      /* millivolts of one count */
extern const int16_t emg_recording[];        /* a row of EMG_LIVE_CHANNELS counts for each sample */

#endif
