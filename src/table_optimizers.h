/* The micro-kernels of the optimizers: see optimizer.h, which also lists the steps, and parameter_sums.h. */
#ifndef FC_TABLE_OPTIMIZERS_H
#define FC_TABLE_OPTIMIZERS_H

#include <stddef.h>

enum { FC_OPTIMIZER_STATES = 3, FC_OPTIMIZER_NUMBERS = 6 };

/* The arguments of a step. The gradient is g * grad_scale, clipped to [-clip, clip], plus pull * w; w is multiplied by
 * keep before it is updated. `number`: the optimizer's own hyperparameters, listed at its step in optimizer.h. */
typedef struct {
    float grad_scale, clip, pull, keep, rate;
    float number[FC_OPTIMIZER_NUMBERS];
    int form; /* which variant of the formula */
} fc_optimizer_step;

typedef struct {
    const char *name;

    /* One step over n parameters w with gradients g. states: state arrays (n), NULL where the variant has none. All
     * arrays but g are updated in place. */
    void (*step)(ptrdiff_t n, float *w, const float *g, float *const *states, const fc_optimizer_step *o);
} fc_optimizer;

typedef struct fc_optimizers {
    const fc_optimizer *steps; /* in the same order in every level; the last one's name is NULL */

    /* The first half of LAMB; sums[0] += sum(w^2), sums[1] += sum(u^2). */
    void (*lamb_moments)(ptrdiff_t n, float *w, const float *g, float *const *states, const fc_optimizer_step *o,
                         double *sums);
    /* sum(x^2) */
    double (*sum_squares)(ptrdiff_t n, const float *x);
    /* y += share * (x - y) */
    void (*blend)(ptrdiff_t n, float share, const float *x, float *y);
    /* Returns l1 sum|w| + l2 sum(w^2); adds its gradient to g, unless NULL. */
    double (*regularize)(ptrdiff_t n, float l1, float l2, const float *w, float *g);
} fc_optimizers;

#endif
