/* SPDX-License-Identifier: MIT */
#ifndef EMG_LIVE_LOGARITHM_H
#define EMG_LIVE_LOGARITHM_H

/* The natural logarithm, with the same bits on every machine. What is no positive, normal number counts as
 * the nearest that is; what is no number at all, as the smallest. */
float emg_logarithm(float x);

#endif
