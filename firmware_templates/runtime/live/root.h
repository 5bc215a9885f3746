#ifndef EMG_LIVE_ROOT_H
#define EMG_LIVE_ROOT_H

/* The square root of a number that is not negative, rounded to nearest as IEEE 754 wants it; no libm. */
float emg_root(float x);

#endif
