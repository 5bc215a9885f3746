/* SPDX-License-Identifier: MIT */
#include "decide.h"

#include <float.h>

static int is_finite(float x) {
    return x >= -FLT_MAX && x <= FLT_MAX;
}

/* A float in whole thousandths from 0 to EMG_CERTAIN; what is no number is 0. */
static int32_t thousandths(float x) {
    return x >= (float)EMG_CERTAIN ? EMG_CERTAIN : (x > 0.0f ? (int32_t)x : 0);
}

static uint32_t share_of(const emg_rules_t *rules, float below) {
    const float place = below * rules->step;
    return rules->shares[place < (float)(EMG_SHARES - 1) ? (int32_t)place : EMG_SHARES - 1];
}

static int32_t confidence_of(const emg_rules_t *rules, const float *outputs, int32_t count, float most) {
    uint32_t sum = 0;
    if (rules->shares == 0) {
        return thousandths((most - rules->zero) * rules->step);
    }
    for (int32_t k = 0; k < count; ++k) {
        sum += share_of(rules, most - outputs[k]);
    }
    return (int32_t)((uint32_t)EMG_CERTAIN * rules->shares[0] / sum);
}

emg_found_t emg_decide_class(const emg_rules_t *rules, const float *outputs, int32_t count) {
    emg_found_t found = {0, 0};
    for (int32_t k = 0; k < count; ++k) {
        if (!is_finite(outputs[k])) {
            found.gesture = EMG_NO_CLASS;
            return found;
        }
        found.gesture = outputs[k] > outputs[found.gesture] ? k : found.gesture;
    }
    found.confidence = confidence_of(rules, outputs, count, outputs[found.gesture]);
    return found;
}

void emg_decide_start(emg_decider_t *decider) {
    decider->voted = 0;
    decider->newest = 0;
    decider->held = EMG_NO_CLASS;
    decider->decided = 0;
    decider->changed = 0;
    decider->candidate = EMG_NO_CLASS;
    decider->agreed = 0;
}

/* The vote `back` before the newest. */
static int32_t vote_of(const emg_decider_t *decider, int32_t back) {
    return decider->votes[(decider->newest + EMG_MOST_VOTES - back) % EMG_MOST_VOTES];
}

static int32_t votes_for(const emg_decider_t *decider, int32_t gesture) {
    int32_t count = 0;
    for (int32_t back = 0; back < decider->voted; ++back) {
        count += vote_of(decider, back) == gesture;
    }
    return count;
}

/* The most frequent; of as many votes the one seen last. */
static int32_t winner_of(const emg_decider_t *decider) {
    int32_t winner = vote_of(decider, 0), most = 0;
    for (int32_t back = 0; back < decider->voted; ++back) {
        const int32_t gesture = vote_of(decider, back), votes = votes_for(decider, gesture);
        winner = votes > most ? gesture : winner;
        most = votes > most ? votes : most;
    }
    return winner;
}

static void follow(const emg_rules_t *rules, emg_decider_t *decider, uint32_t end, int32_t gesture) {
    const int waits = decider->held != EMG_NO_CLASS && end - decider->changed < rules->minimum_samples;
    int32_t winner;
    decider->newest = (decider->newest + 1) % EMG_MOST_VOTES;
    decider->votes[decider->newest] = gesture;
    decider->voted += decider->voted < rules->vote;
    winner = winner_of(decider);
    decider->agreed = winner != decider->candidate ? 1 : decider->agreed + (decider->agreed < rules->confirm);
    decider->candidate = winner;
    if (winner != decider->held && decider->agreed >= rules->confirm && !waits) {
        decider->held = winner;
        decider->changed = end;
    }
    decider->decided = end;
}

static int32_t velocity_of(const emg_rules_t *rules, float amplitude) {
    return thousandths((amplitude - rules->slow_mv) * rules->per_mv);
}

static emg_decision_t rest(const emg_rules_t *rules, emg_decision_t decision) {
    decision.gesture = rules->rest;
    decision.unsure = 1;
    decision.velocity = 0;
    return decision;
}

emg_decision_t emg_decide(const emg_rules_t *rules, emg_decider_t *decider, uint32_t end, emg_found_t found,
                          float amplitude) {
    emg_decision_t decision = {0, 0, 0, found.confidence, 0};
    const int known = found.gesture != EMG_NO_CLASS;
    if (known && rules->onset_mv > 0.0f && amplitude < rules->onset_mv) {
        found.gesture = rules->rest;
        decision.confidence = EMG_CERTAIN;
    }
    decision.confidence = known ? decision.confidence : 0;
    decision.velocity = known ? velocity_of(rules, amplitude) : 0;
    decision.rejected = known && decision.confidence < rules->confidence;
    if (known && !decision.rejected) {
        follow(rules, decider, end, found.gesture);
    }
    if (decider->held != EMG_NO_CLASS && end - decider->decided <= rules->hold_samples) {
        decision.gesture = decider->held;
        return decision;
    }
    if (known && !decision.rejected) {
        decider->held = EMG_NO_CLASS;
    } else {
        emg_decide_start(decider);
    }
    return rest(rules, decision);
}
