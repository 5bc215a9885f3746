#include "fully_connected_s16.h"

/* Beyond it every output is saturated, and inside it no product overflows. */
static const int64_t LARGEST = (int64_t)1 << 40;

static int64_t clamp(int64_t x, int64_t low, int64_t high) {
    return x < low ? low : (x > high ? high : x);
}

/* round(acc * multiplier / 2^shift), ties toward plus infinity. The product has up to 82 bits: it is
 * made of an upper and a lower part of the accumulator, 20 bits apart. */
static int64_t scaled(int64_t acc, int64_t multiplier, int32_t shift) {
    const int64_t low = acc & 0xFFFFF, high = acc >> 20;
    const int64_t half = (int64_t)1 << (shift - 1);
    return (high * multiplier + ((low * multiplier + (half & 0xFFFFF)) >> 20) + (half >> 20)) >> (shift - 20);
}

static int64_t bias_of(const emg_fully_connected_s16_t *layer, int32_t unit) {
    const int64_t high = layer->bias_high ? layer->bias_high[unit] : 0;
    return layer->bias_high ? high * ((int64_t)1 << 32) + (uint32_t)layer->bias[unit] : layer->bias[unit];
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
            const int32_t *m = layer->multiplier + 2 * unit;
            const int64_t multiplier = m[0] + ((int64_t)m[1] << 21);
            const int64_t q = scaled(clamp(acc, -LARGEST, LARGEST), multiplier, layer->shift[unit]);
            *out++ = (int16_t)clamp(q, layer->low, layer->high);
        }
        in += layer->depth;
    }
}
