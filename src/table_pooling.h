/* The micro-kernels of pooling: see pool_max.h, pool_max_bwd.h, pool_avg.h, pool_avg_bwd.h and pool_lp.h. */
#ifndef FC_TABLE_POOLING_H
#define FC_TABLE_POOLING_H

#include <stddef.h>

/* Pooling of one image: x (ih, iw, ic), y (oh, ow, ic); see fastconv/plan/geometry/shapes.py. Every window contains an
 * element of x. */
typedef struct {
    ptrdiff_t ih, iw, ic, oh, ow, kh, kw, sh, sw, pt, pl;
} fc_pool;

/* How max pooling stores the argmax, the index of the tap taken */
enum fc_arg { FC_ARG_NONE = 0, FC_ARG_U8 = 1, FC_ARG_I32 = 4 };

/* What a window's sum is divided by: the number of its elements inside x, kh * kw, or 1. */
enum fc_divisor { FC_COUNT_INSIDE = 0, FC_COUNT_ALL = 1, FC_COUNT_ONE = 2 };

/* Row r of the outputs, the first nc channels: y, and the argmax in arg, stored as `kind` (enum fc_arg) says. */
typedef void fc_pool_fwd_row(const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, const float *x, float *y, int kind, void *arg);

typedef struct fc_pooling {
    fc_pool_fwd_row *max_fwd_row, *min_fwd_row;

    void (*avg_fwd_row)(const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, int divisor, const float *x, float *y);

    /* Backward, the first nc channels of dx: if windows overlap, row r in [0, ih) of dx; otherwise the rows of dx that
     * belong to row r in [0, oh) of the outputs. */
    void (*max_bwd_row)(const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, const float *dy, int kind, const void *arg,
                        float *dx);
    void (*avg_bwd_row)(const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, int divisor, const float *dy, float *dx);

    /* Row r of the outputs, the first nc channels: y = the square root of the sum of the window's squares */
    void (*l2_fwd_row)(const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, const float *x, float *y);

    /* y (n) = |x|^p; y = x^(1/p); y may be x */
    void (*power)(ptrdiff_t n, const float *x, float p, float *y);
    void (*root)(ptrdiff_t n, const float *x, float p, float *y);
    /* share (n) = dy * y^(1 - p), 0 where y is 0; dx (n) *= sign(x) * |x|^(p - 1) */
    void (*lp_share)(ptrdiff_t n, const float *dy, const float *y, float p, float *share);
    void (*lp_through)(ptrdiff_t n, const float *x, float p, float *dx);
} fc_pooling;

#endif
