#ifndef EMG_LIVE_DECISION_H
#define EMG_LIVE_DECISION_H

#include <stdint.h>

#define EMG_NO_CLASS (-1)

/* gesture: a class, or EMG_NO_CLASS. unsure: for longer than a decision is held, no window was all good. */
typedef struct {
    int32_t gesture;
    int unsure;
} emg_decision_t;

#endif
