#include "fully_connected_s16.h"

/* Beyond it every output is saturated; within it no partial product overflows. */
static const int64_t LARGEST = (int64_t)1 << 43;

static int64_t clamp(int64_t x, int64_t low, int64_t high) {
    return x < low ? low : (x > high ? high : x);
}

/* round(x * multiplier / 2^(36 + shift)) for x >= 0, ties up: the product, which has up to 97 bits,
 * is built from its lowest 18 bits on, and what can no longer matter is dropped. */
static int64_t scaled(int64_t x, const int32_t *multiplier, int32_t shift) {
    const int64_t lowest = x * multiplier[0] >> 18;
    const int64_t middle = (x * multiplier[1] + lowest) >> 18;
    return (x * multiplier[2] + middle + ((int64_t)1 << (shift - 1))) >> shift;
}

static int64_t bias_of(const emg_fully_connected_s16_t *layer, int32_t unit) {
    if (!layer->bias_high) {
        return layer->bias[unit];
    }
    return (int64_t)layer->bias_high[unit] * ((int64_t)1 << 32) + (uint32_t)layer->bias[unit];
}

void emg_fully_connected_s16(const emg_fully_connected_s16_t *layer, const int16_t *in, int16_t *out) {
    for (int32_t row = 0; row < layer->rows; ++row) {
        int64_t sum = 0;
        for (int32_t k = 0; k < layer->depth; ++k) {
            sum += in[k];
        }
        const int8_t *weights = layer->weights;
        for (int32_t unit = 0; unit < layer->units; ++unit) {
            int64_t acc = bias_of(layer, unit) - sum * layer->weights_zero_point;
            for (int32_t k = 0; k < layer->depth; ++k) {
                acc += in[k] * weights[k];
            }
            weights += layer->depth;
            /* Ties go away from zero, so the sign goes around the rounding. */
            const int64_t x = clamp(acc < 0 ? -acc : acc, 0, LARGEST);
            const int64_t q = scaled(x, layer->multiplier + 3 * unit, layer->shift[unit]);
            *out++ = (int16_t)clamp(acc < 0 ? -q : q, layer->low, layer->high);
        }
        in += layer->depth;
    }
}
