/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_LSTM_S8_H
#define EMG_KERNELS_LSTM_S8_H

#include <stdint.h>

/* The four gates' sums over one vector; the gates are input, forget, cell and output. */
typedef struct {
    const int8_t *weights; /* [units][4][length of the vector] */
    const int32_t *bias;   /* [units][4], the vector's zero point inside */
    int32_t multiplier[4], shift[4];
} emg_gates_t;

typedef struct {
    emg_gates_t input, state;
    int32_t steps, batch;
    int32_t step_stride, batch_stride; /* vectors from one to the next */
    int32_t depth, units;
    int32_t cell_bits;       /* before the cell's point */
    int32_t cell_shift;      /* from a product of two gates to the cell */
    int32_t lowest, highest; /* of the cell */
    int32_t multiplier, shift, zero_point;
} emg_lstm_s8_t;

/* UNIDIRECTIONAL_SEQUENCE_LSTM, int8, from the state of zeros; `cell` holds `units` numbers, and `out` must
 * not overlap `in`. */
void emg_lstm_s8(const emg_lstm_s8_t *layer, const int8_t *in, int8_t *out, int16_t *cell);

#endif
