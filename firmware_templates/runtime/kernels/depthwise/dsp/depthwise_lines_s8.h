/* SPDX-License-Identifier: MIT */
#ifndef EMG_KERNELS_DSP_DEPTHWISE_LINES_S8_H
#define EMG_KERNELS_DSP_DEPTHWISE_LINES_S8_H

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
    int32_t stride;     /* bytes from one output to the next */
    int32_t rewind;     /* bytes of input, 0 to 20: a line's last block may start early */
    int32_t rewind_out; /* bytes of output */
    int32_t next_plane; /* bytes from the end of a channel's last line to the next channel's first */
    int32_t low, high;  /* the fused activation's range */
    int32_t clamped;    /* 0 where int8's own limits are the range */
    int32_t lines;      /* of outputs; those of the input follow each other */
    int32_t next_line;  /* bytes from the end of a line to the start of the next one's */
    int32_t next_out;   /* the same in the output */
    int32_t to_last;    /* bytes of output from a line's start to its last block's; to the end where single */
    int32_t single;     /* nonzero: for the kernels of single blocks of six */
    int32_t block;      /* outputs in a block, 4 or 6 */
    int32_t outputs;    /* on a line, at least `block` */
    int32_t plane;      /* bytes from a channel's line to the next channel's */
    int32_t rectified;  /* nonzero where the range reaches from the zero point to 127 */
} emg_depthwise_lines_t;

/* Lines of outputs of four channels, window 3 x 3, in blocks of four or six outputs, with stride 1 or 2 along
 * the line; "rectified" where how a negative sum is rounded cannot show, since it ends as the zero point.
 *
 * `lines`: the three lines under the window, each four planes (one a channel) of halfwords. */
void emg_depthwise_four_s8(const uint32_t *const lines[3], const emg_depthwise_channel_t *channels,
                           int8_t *out, const emg_depthwise_lines_t *shape);
void emg_depthwise_four_rectified_s8(const uint32_t *const lines[3], const emg_depthwise_channel_t *channels,
                                     int8_t *out, const emg_depthwise_lines_t *shape);
void emg_depthwise_four_stride2_s8(const uint32_t *const lines[3], const emg_depthwise_channel_t *channels,
                                   int8_t *out, const emg_depthwise_lines_t *shape);
void emg_depthwise_four_stride2_rectified_s8(const uint32_t *const lines[3],
                                             const emg_depthwise_channel_t *channels, int8_t *out,
                                             const emg_depthwise_lines_t *shape);
void emg_depthwise_six_s8(const uint32_t *const lines[3], const emg_depthwise_channel_t *channels,
                          int8_t *out, const emg_depthwise_lines_t *shape);
void emg_depthwise_six_rectified_s8(const uint32_t *const lines[3], const emg_depthwise_channel_t *channels,
                                    int8_t *out, const emg_depthwise_lines_t *shape);
void emg_depthwise_six_stride2_s8(const uint32_t *const lines[3], const emg_depthwise_channel_t *channels,
                                  int8_t *out, const emg_depthwise_lines_t *shape);
void emg_depthwise_six_stride2_rectified_s8(const uint32_t *const lines[3],
                                            const emg_depthwise_channel_t *channels, int8_t *out,
                                            const emg_depthwise_lines_t *shape);

/* The same for lines of six outputs whose inputs fill a plane's lines of eight. */
void emg_depthwise_single_six_s8(const uint32_t *const lines[3], const emg_depthwise_channel_t *channels,
                                 int8_t *out, const emg_depthwise_lines_t *shape);
void emg_depthwise_single_six_rectified_s8(const uint32_t *const lines[3],
                                           const emg_depthwise_channel_t *channels, int8_t *out,
                                           const emg_depthwise_lines_t *shape);

#endif
