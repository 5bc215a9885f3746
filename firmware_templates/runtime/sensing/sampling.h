/* SPDX-License-Identifier: MIT */
/* What live recognition needs of a platform beside emg_platform_*: somebody who calls at each sampling
 * interval. Each folder platforms/NAME/sensing implements it once. */
#ifndef EMG_SAMPLING_H
#define EMG_SAMPLING_H

#include <stdint.h>

/* From now on calls emg_sampling_tick() each `period` ticks of emg_platform_ticks(), from an interrupt or a
 * thread, so that it never waits for the network. Returns the period that it keeps, 0 where it cannot. */
uint32_t emg_sampling_start(uint32_t period);
void emg_sampling_stop(void);

/* Sleeps until a sample may have come, while emg_sampling_start() holds. */
void emg_sampling_idle(void);

/* The application's: one sampling interval has passed. */
void emg_sampling_tick(void);

#endif
