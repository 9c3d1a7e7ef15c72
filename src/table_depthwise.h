/* The micro-kernels of depthwise convolution: see depthwise.h. */
#ifndef FC_TABLE_DEPTHWISE_H
#define FC_TABLE_DEPTHWISE_H

#include <stddef.h>

/* The taps of a window: tap (i, j) of ni x nj is i*xi + j*xj floats after the window's first element in x, and its
 * weights are i*wi + j*wj floats after those of the first tap. */
typedef struct {
    ptrdiff_t ni, nj, xi, xj, wi, wj;
} fc_taps;

/* Consecutive outputs [begin, end) of a row whose windows have the same columns of taps, [first, last), inside x. */
typedef struct {
    ptrdiff_t begin, end, first, last;
} fc_stretch;

typedef struct fc_depthwise {
    /* nq outputs, ys floats apart, of nc channels: y = act(bias + sum over the taps of x * w). Consecutive windows are
     * xs floats apart; without taps the sum is 0. bias (nc) or NULL. */
    void (*row)(ptrdiff_t nq, ptrdiff_t nc, const fc_taps *t, const float *x, ptrdiff_t xs, const float *w,
                const float *bias, int act, float *y, ptrdiff_t ys);

    /* One row of dy, pixels ld floats apart: for each tap, dw += the sum of x * dy over the outputs, and db (or NULL)
     * += the sum of dy. x is the start of the window of output 0. t->nj counts all columns of the window; the n
     * stretches tell which of them are inside x. */
    void (*weights_row)(ptrdiff_t n, const fc_stretch *stretches, ptrdiff_t nc, const fc_taps *t, const float *x,
                        ptrdiff_t xs, const float *dy, ptrdiff_t ld, float *dw, float *db);
} fc_depthwise;

#endif
