/* The micro-kernels of depthwise convolution: see depthwise.h. */
#ifndef FC_TABLE_DEPTHWISE_H
#define FC_TABLE_DEPTHWISE_H

#include <stddef.h>

/* The taps of a window: tap (i, j) of ni x nj lies i*xi + j*xj floats behind the window's first element in x, and its
 * weights i*wi + j*wj floats behind those of the first tap. */
typedef struct {
    ptrdiff_t ni, nj, xi, xj, wi, wj;
} fc_taps;

/* Neighbouring outputs [begin, end) of a row whose windows have the same columns of taps, [first, last), inside x. */
typedef struct {
    ptrdiff_t begin, end, first, last;
} fc_stretch;

typedef struct fc_depthwise {
    /* nq outputs, ys floats apart, of nc channels: y = act(bias + sum over the taps of x * w). The window of each lies
     * xs floats behind the one before; without taps it is empty. bias (nc) or NULL. */
    void (*row)(ptrdiff_t nq, ptrdiff_t nc, const fc_taps *t, const float *x, ptrdiff_t xs, const float *w,
                const float *bias, int act, float *y, ptrdiff_t ys);

    /* One row of dy, pixels ld floats apart: dw += the sum over its outputs of x * dy for each tap, and db (or NULL)
     * += the sum of dy. x is where the window of output 0 would begin. t->nj counts all columns of the window; which
     * of them lie inside x, the stretches say. */
    void (*weights_row)(ptrdiff_t n, const fc_stretch *stretches, ptrdiff_t nc, const fc_taps *t, const float *x,
                        ptrdiff_t xs, const float *dy, ptrdiff_t ld, float *dw, float *db);
} fc_depthwise;

#endif
