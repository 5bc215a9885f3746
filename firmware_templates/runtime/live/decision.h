/* SPDX-License-Identifier: MIT */
#ifndef EMG_LIVE_DECISION_H
#define EMG_LIVE_DECISION_H

#include <stdint.h>

#define EMG_NO_CLASS (-1)
#define EMG_CERTAIN 1000 /* confidence and velocity count thousandths */

/* gesture: a class, or EMG_NO_CLASS. unsure: for longer than a decision is held, no window decided anything.
 * rejected: this window's confidence was too small. confidence, velocity: of this window, in thousandths. */
typedef struct {
    int32_t gesture;
    int32_t unsure;
    int32_t rejected;
    int32_t confidence;
    int32_t velocity;
} emg_decision_t;

#endif
