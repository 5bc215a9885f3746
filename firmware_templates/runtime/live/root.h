/* SPDX-License-Identifier: MIT */
#ifndef EMG_LIVE_ROOT_H
#define EMG_LIVE_ROOT_H

/* The square root, rounded to nearest as IEEE 754 wants it; no libm. Of what is infinite or no number:
 * itself. Of what is negative: 0. */
float emg_root(float x);

#endif
