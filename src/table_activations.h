/* Activations and their gradients: elementwise functions (activations.h has the formulas), parametric ReLU (prelu.h)
 * and softmax (softmax.h). */
#ifndef FC_TABLE_ACTIVATIONS_H
#define FC_TABLE_ACTIVATIONS_H

#include <stddef.h>

/* The functions, each with the array that its gradient is computed from (1: the output y, 0: the input x). */
#define FC_ACTIVATIONS(EACH)                                                                                           \
    EACH(relu, 1)                                                                                                      \
    EACH(leaky_relu, 1)                                                                                                \
    EACH(clipped_relu, 0)                                                                                              \
    EACH(elu, 1)                                                                                                       \
    EACH(gelu, 0)                                                                                                      \
    EACH(gelu_tanh, 0)                                                                                                 \
    EACH(silu, 0)                                                                                                      \
    EACH(hard_silu, 0)                                                                                                 \
    EACH(sigmoid, 1)                                                                                                   \
    EACH(hard_sigmoid, 1)                                                                                              \
    EACH(tanh, 1)                                                                                                      \
    EACH(softplus, 1)                                                                                                  \
    EACH(softsign, 1)                                                                                                  \
    EACH(exponential, 1)

#define FC_COUNT(name, from_output) +1
enum { FC_N_ACTIVATIONS = 0 FC_ACTIVATIONS(FC_COUNT) };

typedef struct {
    const char *name;
    int from_output;

    /* y = f(x); p holds the function's parameters (three floats). y may be x. */
    void (*fwd)(ptrdiff_t n, const float *x, float *y, const float *p);

    /* dx = dy * f'(x), from s = x or, with from_output, s = y. dx may be dy or s. */
    void (*bwd)(ptrdiff_t n, const float *dy, const float *s, float *dx, const float *p);
} fc_activation;

typedef struct fc_activations {
    const fc_activation *functions; /* FC_N_ACTIVATIONS, in the order of FC_ACTIVATIONS */

    /* y = x, or a * x where x <= 0, with a (n). y may be x. */
    void (*prelu_fwd)(ptrdiff_t rows, ptrdiff_t n, const float *x, const float *a, float *y);

    /* dx = dy, or a * dy where x <= 0; may be NULL, dy or x. da (n) += the sums of dy * x where x <= 0. */
    void (*prelu_bwd)(ptrdiff_t rows, ptrdiff_t n, const float *dy, const float *x, const float *a, float *dx,
                      float *da);

    /* y = exp(x - max x) / sum(exp(x - max x)) for each of the rows of n, and dx = y * (dy - sum(dy * y)). The output
     * may be an input. */
    void (*softmax_fwd)(ptrdiff_t rows, ptrdiff_t n, const float *x, float *y);
    void (*softmax_bwd)(ptrdiff_t rows, ptrdiff_t n, const float *dy, const float *y, float *dx);
} fc_activations;

#endif
