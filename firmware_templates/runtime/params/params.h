/* SPDX-License-Identifier: MIT */
/* Parameters of the model that a host replaces while the firmware runs (docs/protocol.md). */
#ifndef EMG_PARAMS_H
#define EMG_PARAMS_H

#include "../app/session.h"

#define EMG_PARAMS_ID_TEXT 65u

/* What is stored is in use from the first window on. After the self-test, which is of the set as built. */
void emg_params_begin(void);

/* The identity of the set in use: 64 hexadecimal digits, or "0" as built. */
const char *emg_params_id(void);

/* Handles a frame of the type EMG_TYPE_PARAMS: the answer's payload goes to `out`; its length, 0: refused.
 * `changed` is set where another set is in use from now on. */
uint32_t emg_params_handle(const emg_frame_t *frame, uint8_t *out, int *changed);

#endif
