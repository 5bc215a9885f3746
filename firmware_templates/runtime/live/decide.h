/* SPDX-License-Identifier: MIT */
/* From the network's outputs to what is done; the twin of emgdeploy.signals.decisions on the host.
 *
 * A window that holds a bad sample decides nothing, nor does one whose confidence is too small. Of the others
 * the last few vote. The winner becomes the decision once it has won often enough in a row and the last
 * decision is old enough. While nothing is decided, the last decision is held; then the hand rests, and is
 * unsure. */
#ifndef EMG_LIVE_DECIDE_H
#define EMG_LIVE_DECIDE_H

#include "exact.h"

#include <stdint.h>

#include "decision.h"

#define EMG_MOST_VOTES 64
#define EMG_SHARES 256

typedef struct {
    int32_t vote;             /* the majority of so many windows, at most EMG_MOST_VOTES */
    int32_t confirm;          /* how many windows in a row a new winner has to win */
    int32_t confidence;       /* the least, in thousandths */
    uint32_t minimum_samples; /* for how long a decision stays at least */
    uint32_t hold_samples;    /* for how long one outlasts the last window that decided */
    int32_t rest;             /* what the hand then does: a class, or EMG_NO_CLASS */
    float onset_mv;           /* below this amplitude a window means rest; 0: whatever it is */
    float slow_mv, per_mv;    /* velocity: thousandths in a millivolt above slow_mv */
    /* Softmax: what an output has that is index / step below the largest, as a share of that one. Null where
     * outputs are probabilities themselves, each `step` thousandths above `zero`. */
    const uint16_t *shares;
    float step, zero;
} emg_rules_t;

typedef struct {
    int32_t votes[EMG_MOST_VOTES]; /* a ring */
    int32_t voted, newest;
    int32_t held;              /* the decision, EMG_NO_CLASS for none */
    uint32_t decided;          /* the window that decided last, and the one that changed the decision last: */
    uint32_t changed;          /* their last samples */
    int32_t candidate, agreed; /* who won last, and how often in a row */
} emg_decider_t;

/* A window's class, EMG_NO_CLASS where it decides nothing, and how sure that is. */
typedef struct {
    int32_t gesture;
    int32_t confidence;
} emg_found_t;

/* The class of the largest output, the first on a tie; EMG_NO_CLASS where one is no finite number. */
emg_found_t emg_decide_class(const emg_rules_t *rules, const float *outputs, int32_t count);

void emg_decide_start(emg_decider_t *decider);

/* end: the window's last sample, counted from the first, modulo 2^32. amplitude: in millivolts. */
emg_decision_t emg_decide(const emg_rules_t *rules, emg_decider_t *decider, uint32_t end, emg_found_t found,
                          float amplitude);

#endif
