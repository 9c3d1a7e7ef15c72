"""SGD and Adam: one pass over a flat array of parameters.

All arrays (n,), C-contiguous float32; g is read, the others are updated in place. Errors:
ValueError for another dtype, layout or size.
"""

from cython.parallel cimport parallel, prange
from libc.stddef cimport ptrdiff_t

from fastconv.kernels._blocks cimport BLOCK, block_size, blocks_of, same_size
from fastconv.kernels._isa cimport fc_kernels, flush_denormals, kernels, restore_denormals
from fastconv.kernels._threads cimport threads_for


def sgd_step(
        float[::1] w, const float[::1] g, float[::1] velocity, float lr, float momentum=0.0,
        bint nesterov=False, float grad_scale=1.0):
    """velocity = momentum * velocity - lr * g;  w += velocity.

    With `nesterov`, w += momentum * velocity - lr * g with the new velocity. g stands for
    g * grad_scale. With velocity None, w -= lr * g, and momentum must be 0.
    """
    cdef float *v = NULL
    same_size("sgd_step", "w and g", w.shape[0], g.shape[0])
    if velocity is not None:
        same_size("sgd_step", "w and velocity", w.shape[0], velocity.shape[0])
    elif momentum != 0:
        raise ValueError(
            f"sgd_step: momentum needs a velocity; received momentum {momentum}, velocity None"
        )
    if w.shape[0]:
        v = &velocity[0] if velocity is not None else NULL
        with nogil:
            _sgd_step(w.shape[0], &w[0], &g[0], v, lr, momentum, nesterov, grad_scale)


cdef void _sgd_step(
        ptrdiff_t n, float *w, const float *g, float *v, float lr, float momentum, int nesterov,
        float grad_scale) noexcept nogil:
    cdef const fc_kernels *k = kernels()
    cdef ptrdiff_t i, at
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(6.0 * n)):
        state = flush_denormals()
        for i in prange(blocks_of(n, BLOCK), schedule="static"):
            at = i * BLOCK
            k.sgd_step(
                block_size(i, n, BLOCK), w + at, g + at, v + at if v != NULL else NULL,
                lr, momentum, nesterov, grad_scale)
        restore_denormals(state)


def adam_step(
        float[::1] w, const float[::1] g, float[::1] m, float[::1] v, float lr_t,
        double beta1=0.9, double beta2=0.999, float eps=1e-7, float grad_scale=1.0):
    """m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;  w -= lr_t * m / (sqrt(v) + eps).

    g stands for g * grad_scale. At step t = 1, 2, ... the caller gives
    lr_t = lr * sqrt(1 - beta2**t) / (1 - beta1**t).
    """
    same_size("adam_step", "w and g", w.shape[0], g.shape[0])
    same_size("adam_step", "w and m", w.shape[0], m.shape[0])
    same_size("adam_step", "w and v", w.shape[0], v.shape[0])
    if w.shape[0]:
        with nogil:
            _adam_step(
                w.shape[0], &w[0], &g[0], &m[0], &v[0], lr_t, beta1, beta2, eps, grad_scale)


cdef void _adam_step(
        ptrdiff_t n, float *w, const float *g, float *m, float *v, float lr_t,
        double beta1, double beta2, float eps, float grad_scale) noexcept nogil:
    cdef const fc_kernels *k = kernels()
    cdef ptrdiff_t i, at
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(12.0 * n)):
        state = flush_denormals()
        for i in prange(blocks_of(n, BLOCK), schedule="static"):
            at = i * BLOCK
            k.adam_step(
                block_size(i, n, BLOCK), w + at, g + at, m + at, v + at, lr_t,
                <float> beta1, <float> (1.0 - beta1), <float> beta2, <float> (1.0 - beta2), eps,
                grad_scale)
        restore_denormals(state)
