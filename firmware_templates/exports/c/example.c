/* SPDX-License-Identifier: MIT */
/* Runs the embedded known-answer window and prints its logits; the exit status is 0 when they are right. */
#include <stdio.h>

#include "emg/model.h"

int main(void) {
    const int wrong = emg_model_selftest();
    const emg_output_t *const logits = emg_model_output();
    int i;
    for (i = 0; i < EMG_OUTPUT_LEN; i++) {
        printf("%g\n", (double)logits[i]);
    }
    printf("%s\n", wrong ? "wrong" : "right");
    return wrong;
}
