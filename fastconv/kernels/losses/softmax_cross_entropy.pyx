"""Softmax and cross-entropy of logits in one kernel, with the gradient."""

from cython.parallel cimport parallel, prange
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int64_t

from fastconv.kernels._blocks cimport ROW_BLOCKS, block_size, blocks_of, same_size
from fastconv.kernels._isa cimport flush_denormals, restore_denormals
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.losses._table_losses cimport fc_losses, losses_table


def softmax_cross_entropy(
        const float[:, ::1] logits, targets, const float[::1] row_weights,
        float[:, ::1] probs=None, float[:, ::1] dlogits=None, float smoothing=0.0):
    """Sum over the rows of weight * -sum_j t_j log p_j with p = softmax(logits).

    With label smoothing, (1 - smoothing) * t + smoothing / n takes the place of t.

    Parameters
    ----------
    logits : (rows, n) float32
    targets : (rows,) int64 labels in [0, n), or (rows, n) float32 t
    row_weights : (rows,) float32
    probs : (rows, n) float32 or None
        Gets p. May be the logits.
    dlogits : (rows, n) float32 or None
        Gets weight * (sum(t) p - t), where sum(t) is 1 for labels and probability distributions.
        May be the logits if `probs` is not.

    Raises
    ------
    ValueError
        For another dtype, layout or size, or a label outside [0, n); nothing is written then.
    """
    cdef ptrdiff_t rows = logits.shape[0], n = logits.shape[1], i
    cdef const int64_t[::1] labels
    cdef const float[:, ::1] soft
    cdef const int64_t *label = NULL
    cdef const float *t = NULL
    cdef float *p = NULL
    cdef float *dz = NULL
    cdef double loss = 0.0
    where = "softmax_cross_entropy"
    same_size(where, "the rows of logits and row_weights", rows, row_weights.shape[0])
    if probs is not None:
        same_size(where, "the rows of logits and probs", rows, probs.shape[0])
        same_size(where, "the columns of logits and probs", n, probs.shape[1])
    if dlogits is not None:
        same_size(where, "the rows of logits and dlogits", rows, dlogits.shape[0])
        same_size(where, "the columns of logits and dlogits", n, dlogits.shape[1])
    if targets.ndim == 1:
        labels = targets
        same_size(where, "the rows of logits and targets", rows, labels.shape[0])
        for i in range(rows):
            if not 0 <= labels[i] < n:
                raise ValueError(
                    f"{where}: labels must be in [0, {n}); received {labels[i]} in row {i}"
                )
        label = &labels[0] if rows else NULL
    else:
        soft = targets
        same_size(where, "the rows of logits and targets", rows, soft.shape[0])
        same_size(where, "the columns of logits and targets", n, soft.shape[1])
        t = &soft[0, 0] if rows and n else NULL
    if rows and n:
        p = &probs[0, 0] if probs is not None else NULL
        dz = &dlogits[0, 0] if dlogits is not None else NULL
        if p != NULL and p == dz:
            raise ValueError(f"{where}: probs and dlogits must be two arrays; received one")
        with nogil:
            loss = _softmax_cross_entropy(
                rows, n, &logits[0, 0], label, t, &row_weights[0], smoothing, p, dz)
    return loss


cdef double _softmax_cross_entropy(
        ptrdiff_t rows, ptrdiff_t n, const float *z, const int64_t *labels, const float *t,
        const float *weights, float smoothing, float *p, float *dz) noexcept nogil:
    cdef const fc_losses *k = losses_table()
    cdef double sums[ROW_BLOCKS]
    cdef double loss = 0.0
    cdef ptrdiff_t i, r, block = blocks_of(rows, ROW_BLOCKS)
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(15.0 * rows * (n + 8.0))):
        state = flush_denormals()
        for i in prange(blocks_of(rows, block), schedule="static"):
            r = i * block
            sums[i] = k.softmax_cross_entropy(
                block_size(i, rows, block), n, z + r * n,
                labels + r if labels != NULL else NULL, t + r * n if t != NULL else NULL,
                weights + r, smoothing,
                p + r * n if p != NULL else NULL, dz + r * n if dz != NULL else NULL)
        restore_denormals(state)
    for i in range(blocks_of(rows, block)):
        loss += sums[i]
    return loss
