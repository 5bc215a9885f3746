#include "add_linear_s8.h"

#include "requantize.h"

enum { FRACTION = 22 };

/* Both loops are the same but for their limits: constant ones become a single saturating instruction. */
static void add_full_range(const emg_add_linear_s8_t *layer, const int8_t *a, const int8_t *b, int8_t *out) {
    const int32_t wa = layer->a_weight, wb = layer->b_weight, offset = layer->offset;
    int32_t i = 0;
    for (; i + 4 <= layer->length; i += 4) {
        const int32_t s0 = a[i] * wa + b[i] * wb + offset;
        const int32_t s1 = a[i + 1] * wa + b[i + 1] * wb + offset;
        const int32_t s2 = a[i + 2] * wa + b[i + 2] * wb + offset;
        const int32_t s3 = a[i + 3] * wa + b[i + 3] * wb + offset;
        out[i] = (int8_t)emg_clamp(s0 >> FRACTION, INT8_MIN, INT8_MAX);
        out[i + 1] = (int8_t)emg_clamp(s1 >> FRACTION, INT8_MIN, INT8_MAX);
        out[i + 2] = (int8_t)emg_clamp(s2 >> FRACTION, INT8_MIN, INT8_MAX);
        out[i + 3] = (int8_t)emg_clamp(s3 >> FRACTION, INT8_MIN, INT8_MAX);
    }
    for (; i < layer->length; ++i) {
        out[i] = (int8_t)emg_clamp((a[i] * wa + b[i] * wb + offset) >> FRACTION, INT8_MIN, INT8_MAX);
    }
}

void emg_add_linear_s8(const emg_add_linear_s8_t *layer, const int8_t *a, const int8_t *b, int8_t *out) {
    if (layer->low == INT8_MIN && layer->high == INT8_MAX) {
        add_full_range(layer, a, b, out);
        return;
    }
    for (int32_t i = 0; i < layer->length; ++i) {
        const int32_t sum = a[i] * layer->a_weight + b[i] * layer->b_weight + layer->offset;
        out[i] = (int8_t)emg_clamp(sum >> FRACTION, layer->low, layer->high);
    }
}
