#ifndef EMG_KERNELS_ADD_BROADCAST_S8_H
#define EMG_KERNELS_ADD_BROADCAST_S8_H

#include <stdint.h>

#include "broadcast.h"

typedef struct {
    emg_broadcast_t walk;
    int32_t a_zero_point, a_multiplier, a_shift;
    int32_t b_zero_point, b_multiplier, b_shift;
    int32_t zero_point, multiplier, shift; /* of the output */
    int32_t low, high;
} emg_add_broadcast_s8_t;

/* ADD, int8, where an operand repeats; `out` may be the one that does not. */
void emg_add_broadcast_s8(const emg_add_broadcast_s8_t *layer, const int8_t *a, const int8_t *b, int8_t *out);

#endif
