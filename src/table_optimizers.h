/* The micro-kernels of the optimizers: see optimizer.h, which also lists the steps, and parameter_sums.h. */
#ifndef FC_TABLE_OPTIMIZERS_H
#define FC_TABLE_OPTIMIZERS_H

#include <stddef.h>

enum { FC_OPTIMIZER_STATES = 3, FC_OPTIMIZER_NUMBERS = 6 };

/* What every step has in common. The gradient is g * grad_scale, brought into [-clip, clip], plus pull * w; w is
 * multiplied by keep before it is changed. `number`: the optimizer's own, in the order of its formula. */
typedef struct {
    float grad_scale, clip, pull, keep, rate;
    float number[FC_OPTIMIZER_NUMBERS];
    int form; /* which variant of the formula */
} fc_optimizer_step;

typedef struct {
    const char *name;

    /* One step over n parameters w with gradients g. states: arrays (n) that belong to the parameters, NULL where the
     * variant has none. Everything but g is updated in place. */
    void (*step)(ptrdiff_t n, float *w, const float *g, float *const *states, const fc_optimizer_step *o);
} fc_optimizer;

typedef struct fc_optimizers {
    const fc_optimizer *steps; /* every level has them in the same order; the last one's name is NULL */

    /* The first half of LAMB; sums[0] gains sum(w^2), sums[1] sum(u^2). */
    void (*lamb_moments)(ptrdiff_t n, float *w, const float *g, float *const *states, const fc_optimizer_step *o,
                         double *sums);
    /* sum(x^2) */
    double (*sum_squares)(ptrdiff_t n, const float *x);
    /* y += share * (x - y) */
    void (*blend)(ptrdiff_t n, float share, const float *x, float *y);
    /* Returns l1 sum|w| + l2 sum(w^2); adds its gradient to g, if given. */
    double (*regularize)(ptrdiff_t n, float l1, float l2, const float *w, float *g);
} fc_optimizers;

#endif
