#ifndef EMG_LIVE_LOGARITHM_H
#define EMG_LIVE_LOGARITHM_H

/* The natural logarithm of a positive, normal number, with the same bits on every machine. */
float emg_logarithm(float x);

#endif
