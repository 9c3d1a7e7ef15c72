/* Winograd's transforms of one tile, all channels: see winograd.h, also for fr, fc and fs. */
#ifndef FC_TABLE_WINOGRAD_H
#define FC_TABLE_WINOGRAD_H

#include <stddef.h>
#include <stdint.h>

/* A tile: its points along both axes, the same on both, or 1 on one, which is not transformed then; and the taps of a
 * filter, `taps` along each axis that is. winograd.h lists what there is. Such an axis has points - taps + 1 outputs,
 * another has 1. */
typedef struct fc_tile {
    int rows, columns, taps;
} fc_tile;

/* Rows top .. bottom - 1 and columns left .. right - 1 of a tile. */
typedef struct fc_inside {
    int top, bottom, left, right;
} fc_inside;

typedef struct fc_winograd {
    /* v[f] (channels) = the transform of the pixels at x, `row` and `pixel` floats apart, as many as points. `in`: those
     * that there are, x being the first of them, and 0 for the others; or NULL if there are all, and up to VL floats after
     * the last may be read. */
    void (*input)(const fc_tile *t, const float *x, ptrdiff_t row, ptrdiff_t pixel, const fc_inside *in,
                  ptrdiff_t channels, float *v, ptrdiff_t fr, ptrdiff_t fc);

    /* u[f] (width, a multiple of VL) = the transform of a filter of n <= width columns: tap i, by rows, at taps[i] +
     * offset, 0 if taps[i] is NULL. */
    void (*filter)(const fc_tile *t, const float *const *taps, ptrdiff_t offset, ptrdiff_t n, ptrdiff_t width, float *u,
                   ptrdiff_t fs);

    /* y[i][j] = act(inverse transform of m + bias) for the first `rows` x `columns` of the tile's outputs. */
    void (*output)(const fc_tile *t, const float *m, ptrdiff_t fr, ptrdiff_t fc, ptrdiff_t channels, const float *bias,
                   int act, float *y, ptrdiff_t row, ptrdiff_t pixel, int rows, int columns);

    /* The same for tiles of 6 x 6 and three taps, with max pooling of 2x2 windows: y[i][j] and argmax[i][j] (or NULL) for rows x columns of the
     * windows, `row` and `pixel` being the strides of the pooled map. If ReLU zeroes a whole window, its argmax is 4, so
     * that no pixel of it gets a gradient. */
    void (*output_pooled)(const float *m, ptrdiff_t fr, ptrdiff_t fc, ptrdiff_t channels, const float *bias, int act,
                          float *y, uint8_t *argmax, ptrdiff_t row, ptrdiff_t pixel, int rows, int columns);

    /* The backward pass of 2x2 max pooling, one row: out (2*n, channels) = dy where argmax names the pixel, else 0,
     * from one row of the pooled map (n, channels). `lower`: whether it is the second of the windows' two rows. */
    void (*unpool_row)(const float *dy, const uint8_t *argmax, ptrdiff_t n, ptrdiff_t channels, int lower, float *out);

    /* v[f] (channels) = the transform of a gradient's pixels, as many as outputs. Up to VL floats after the last pixel
     * are read. */
    void (*gradient)(const fc_tile *t, const float *y, ptrdiff_t row, ptrdiff_t pixel, ptrdiff_t channels, float *v,
                     ptrdiff_t fr, ptrdiff_t fc);

    /* The taps of n columns, tap i at taps[i] + offset, left out if taps[i] is NULL = the inverse transform of the
     * sum of `parts` arrays m, `stride` floats apart, added in order. */
    void (*weights)(const fc_tile *t, const float *m, ptrdiff_t parts, ptrdiff_t stride, ptrdiff_t fs, ptrdiff_t n,
                    float *const *taps, ptrdiff_t offset);
} fc_winograd;

#endif
