/* The micro-kernels of the losses: see softmax_cross_entropy.h, loss_pointwise.h and loss_probabilities.h. */
#ifndef FC_TABLE_LOSSES_H
#define FC_TABLE_LOSSES_H

#include <stddef.h>
#include <stdint.h>

enum fc_loss_kind {
    FC_LOSS_MSE,
    FC_LOSS_MAE,
    FC_LOSS_HUBER,
    FC_LOSS_LOG_COSH,
    FC_LOSS_HINGE,
    FC_LOSS_SQUARED_HINGE,
    FC_LOSS_KL,
    FC_LOSS_POISSON,
    FC_LOSS_BCE,
    FC_LOSS_BCE_LOGITS,
    FC_LOSS_FOCAL,
    FC_LOSS_FOCAL_LOGITS,
    FC_LOSS_KINDS
};

/* A loss that is a sum over elements: a row's loss is scale * sum_j f(y_j, t_j), with targets t * keep + add. number:
 * the delta of Huber's loss; for the focal losses gamma, and the weights of targets of 1 and 0. */
typedef struct {
    int kind;
    float scale, keep, add;
    float number[3];
} fc_loss;

typedef struct fc_losses {
    /* logits z (rows, n); labels (rows), each in [0, n), or targets t (rows, n), the other NULL; weights (rows).
     * Targets are replaced by (1 - smoothing) t + smoothing / n. p, dz (rows, n): written unless NULL; one of them may
     * be the logits. Returns the sum of the losses. */
    double (*softmax_cross_entropy)(ptrdiff_t rows, ptrdiff_t n, const float *z, const int64_t *labels,
                                    const float *targets, const float *weights, float smoothing, float *p, float *dz);
    /* outputs y, targets t (rows, n), weights (rows); dy (rows, n) is written unless NULL; it may be y or t. */
    double (*pointwise)(ptrdiff_t rows, ptrdiff_t n, const float *y, const float *t, const float *weights,
                        const fc_loss *loss, float *dy);
    /* The same for cross-entropy of probabilities, whose rows are divided by their sums; number: gamma, alpha. */
    double (*probabilities)(ptrdiff_t rows, ptrdiff_t n, const float *y, const float *t, const float *weights,
                            const fc_loss *loss, float *dy);
} fc_losses;

#endif
