"""Losses of rows of outputs, with the gradient in the same pass."""

from cython.parallel cimport parallel, prange
from libc.stddef cimport ptrdiff_t

from fastconv.kernels._blocks cimport ROW_BLOCKS, block_size, blocks_of, same_size
from fastconv.kernels._isa cimport flush_denormals, restore_denormals
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.losses._table_losses cimport fc_loss, fc_losses, losses_table

# In the order of enum fc_loss_kind.
KINDS = (
    "mean_squared_error", "mean_absolute_error", "huber", "log_cosh", "hinge", "squared_hinge",
    "kl_divergence", "poisson", "binary_crossentropy", "binary_crossentropy_of_logits",
    "binary_focal_crossentropy", "binary_focal_crossentropy_of_logits",
)
_CODES = {kind: code for code, kind in enumerate(KINDS)}


def pointwise_loss(
        str kind, const float[:, ::1] y, const float[:, ::1] t, const float[::1] row_weights,
        float[:, ::1] dy=None, float scale=1.0, float keep=1.0, float add=0.0, numbers=()):
    """Sum over the rows of weight * scale * sum_j f(y_j, t_j).

    Parameters
    ----------
    kind : str
        The name of f; one of `KINDS`.
    y, t : (rows, n) float32
        Outputs and targets; keep * t + add takes the place of t.
    row_weights : (rows,) float32
    dy : (rows, n) float32 or None
        Gets weight * scale * f'(y, t). May be y or t.
    numbers : up to three numbers
        Huber's delta; the focal losses' gamma, and the weights of targets of 1 and of 0.

    Raises
    ------
    ValueError
        For another kind, dtype, layout or size.
    """
    cdef fc_loss loss
    if kind not in _CODES:
        raise ValueError(f"pointwise_loss: kind must be one of {', '.join(KINDS)}; received {kind!r}")
    _fill(&loss, _CODES[kind], scale, keep, add, numbers)
    return _checked("pointwise_loss", y, t, row_weights, dy, &loss, False)


def probabilities_loss(
        const float[:, ::1] y, const float[:, ::1] t, const float[::1] row_weights,
        float[:, ::1] dy=None, float keep=1.0, float add=0.0, float gamma=0.0, float alpha=1.0):
    """Sum over the rows of weight * alpha * -sum_j t_j (1 - q_j)^gamma log q_j, q = y / sum(y).

    Arguments and errors as in `pointwise_loss`.
    """
    cdef fc_loss loss
    _fill(&loss, 0, 1.0, keep, add, (gamma, alpha))
    return _checked("probabilities_loss", y, t, row_weights, dy, &loss, True)


cdef int _fill(
        fc_loss *loss, int kind, float scale, float keep, float add, numbers) except -1:
    cdef int i
    loss.kind, loss.scale, loss.keep, loss.add = kind, scale, keep, add
    for i in range(3):
        loss.number[i] = numbers[i] if i < len(numbers) else 0.0
    return 0


cdef double _checked(
        str where, const float[:, ::1] y, const float[:, ::1] t, const float[::1] row_weights,
        float[:, ::1] dy, const fc_loss *loss, bint probabilities) except? -1.0:
    cdef ptrdiff_t rows = y.shape[0], n = y.shape[1]
    cdef float *gradient = NULL
    cdef double total = 0.0
    same_size(where, "the rows of y and t", rows, t.shape[0])
    same_size(where, "the columns of y and t", n, t.shape[1])
    same_size(where, "the rows of y and row_weights", rows, row_weights.shape[0])
    if dy is not None:
        same_size(where, "the rows of y and dy", rows, dy.shape[0])
        same_size(where, "the columns of y and dy", n, dy.shape[1])
    if rows and n:
        gradient = &dy[0, 0] if dy is not None else NULL
        with nogil:
            total = _over_rows(
                rows, n, &y[0, 0], &t[0, 0], &row_weights[0], loss, gradient, probabilities)
    return total


cdef double _over_rows(
        ptrdiff_t rows, ptrdiff_t n, const float *y, const float *t, const float *weights,
        const fc_loss *loss, float *dy, bint probabilities) noexcept nogil:
    cdef const fc_losses *k = losses_table()
    cdef double sums[ROW_BLOCKS]
    cdef double total = 0.0
    cdef ptrdiff_t i, block = blocks_of(rows, ROW_BLOCKS)
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(20.0 * rows * n)):
        state = flush_denormals()
        for i in prange(blocks_of(rows, block), schedule="static"):
            sums[i] = _block(
                k, block_size(i, rows, block), n, i * block, y, t, weights, loss, dy, probabilities)
        restore_denormals(state)
    for i in range(blocks_of(rows, block)):
        total += sums[i]
    return total


cdef double _block(
        const fc_losses *k, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t r, const float *y,
        const float *t, const float *weights, const fc_loss *loss, float *dy,
        bint probabilities) noexcept nogil:
    cdef float *gradient = dy + r * n if dy != NULL else NULL
    if probabilities:
        return k.probabilities(rows, n, y + r * n, t + r * n, weights + r, loss, gradient)
    return k.pointwise(rows, n, y + r * n, t + r * n, weights + r, loss, gradient)
