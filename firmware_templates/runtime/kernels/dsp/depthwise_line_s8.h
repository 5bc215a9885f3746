#ifndef EMG_KERNELS_DSP_DEPTHWISE_LINE_S8_H
#define EMG_KERNELS_DSP_DEPTHWISE_LINE_S8_H

#include <stdint.h>

/* What the kernel needs of one channel. Bias and taps are doubled: the requantization wants twice the sum. */
typedef struct {
    int32_t bias;
    uint32_t taps[3][2]; /* for each line of the window the pairs (k0, k1) and (k1, k2) */
    int32_t multiplier;
    int32_t offset; /* (2 * the output's zero point + 1) << shift */
    int32_t shift;  /* right shift less one */
} emg_depthwise_channel_t;

typedef struct {
    int32_t blocks;     /* of four outputs; the last starts `rewind` outputs early */
    int32_t stride;     /* bytes from one output to the next */
    int32_t rewind;     /* bytes of input, 0 to 12 */
    int32_t rewind_out; /* bytes of output */
    int32_t next_plane; /* bytes from the end of a channel's line to the next channel's start */
    int32_t clamped;    /* 0 where int8's own limits are the range */
    int32_t low, high;
    int32_t outputs;   /* on the line, at least 4 */
    int32_t plane;     /* bytes of a channel's line */
    int32_t rectified; /* nonzero where `low` is not below the zero point */
} emg_depthwise_line_s8_t;

/* One line of outputs of four channels, window 3 x 3, stride 1 along the line.
 *
 * `a`, `b` and `c` are three lines of input, each four planes (one a channel) of halfwords. */
void emg_depthwise_line_s8(const uint32_t *a, const uint32_t *b, const uint32_t *c,
                           const emg_depthwise_channel_t *channels, int8_t *out,
                           const emg_depthwise_line_s8_t *shape);

/* The same for rectified outputs, where how a negative sum is rounded cannot show. */
void emg_depthwise_line_rectified_s8(const uint32_t *a, const uint32_t *b, const uint32_t *c,
                                     const emg_depthwise_channel_t *channels, int8_t *out,
                                     const emg_depthwise_line_s8_t *shape);

/* As the first, with stride 2 along the line. */
void emg_depthwise_line_stride2_s8(const uint32_t *a, const uint32_t *b, const uint32_t *c,
                                   const emg_depthwise_channel_t *channels, int8_t *out,
                                   const emg_depthwise_line_s8_t *shape);

#endif
