/* Activations: y = f(x) for single elements, and their gradients. See activations.h for the formulas. */
#ifndef TABLE_ACTIVATIONS_H
#define TABLE_ACTIVATIONS_H

#include <stddef.h>

/* The functions, each with what its gradient is read from (1: the output y, 0: the input x). */
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

#endif
