/* Winograd's transforms of one tile, all channels: see winograd.h, also for fr, fc and fs. */
#ifndef FC_TABLE_WINOGRAD_H
#define FC_TABLE_WINOGRAD_H

#include <stddef.h>
#include <stdint.h>

typedef struct fc_winograd {
    /* v[f] (channels) = the transform of the 6x6 pixels at x: rows `row` floats apart, pixels `channels` floats. Up to
     * VL floats after the last pixel are read. */
    void (*input)(const float *x, ptrdiff_t row, ptrdiff_t channels, float *v, ptrdiff_t fr, ptrdiff_t fc);

    /* u[f] (width, a multiple of VL) = the transform of r*r taps of n <= width columns: tap i at taps[i] + offset, 0 if
     * taps[i] is NULL. r, here and below, is 2, 3 or 4. */
    void (*filter)(int r, const float *const *taps, ptrdiff_t offset, ptrdiff_t n, ptrdiff_t width, float *u,
                   ptrdiff_t fs);

    /* y[i][j] = act(inverse transform of m + bias) for the first `rows` x `columns` of the tile's pixels, 7 - r on each
     * axis. */
    void (*output)(int r, const float *m, ptrdiff_t fr, ptrdiff_t fc, ptrdiff_t channels, const float *bias, int act,
                   float *y, ptrdiff_t row, ptrdiff_t pixel, int rows, int columns);

    /* The same for r = 3, with max pooling of 2x2 windows: y[i][j] and argmax[i][j] (or NULL) for rows x columns of the
     * windows, `row` and `pixel` being the strides of the pooled map. If ReLU zeroes a whole window, its argmax is 4, so
     * that no pixel of it gets a gradient. */
    void (*output_pooled)(const float *m, ptrdiff_t fr, ptrdiff_t fc, ptrdiff_t channels, const float *bias, int act,
                          float *y, uint8_t *argmax, ptrdiff_t row, ptrdiff_t pixel, int rows, int columns);

    /* The backward pass of 2x2 max pooling, one row: out (2*n, channels) = dy where argmax names the pixel, else 0,
     * from one row of the pooled map (n, channels). `lower`: whether it is the second of the windows' two rows. */
    void (*unpool_row)(const float *dy, const uint8_t *argmax, ptrdiff_t n, ptrdiff_t channels, int lower, float *out);

    /* v[f] (channels) = the transform of the 7 - r by 7 - r pixels of a gradient. Reads beyond the last pixel as
     * `input`. */
    void (*gradient)(int r, const float *y, ptrdiff_t row, ptrdiff_t channels, float *v, ptrdiff_t fr, ptrdiff_t fc);

    /* The r*r taps of n columns, tap i at taps[i] + offset, left out if taps[i] is NULL = the inverse transform of the
     * sum of `parts` arrays m, `stride` floats apart, added in order. */
    void (*weights)(int r, const float *m, ptrdiff_t parts, ptrdiff_t stride, ptrdiff_t fs, ptrdiff_t n,
                    float *const *taps, ptrdiff_t offset);
} fc_winograd;

#endif
