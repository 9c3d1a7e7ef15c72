"""Activations on flat float32 arrays, one pass each way.

Arrays (n,) are C-contiguous; the output may be one of the inputs but must not overlap them
otherwise. Errors: ValueError for another kind, dtype, layout or size.
"""

from cython.parallel cimport parallel, prange
from libc.stddef cimport ptrdiff_t

from fastconv.kernels._blocks cimport BLOCK, block_size, blocks_of, same_size
from fastconv.kernels._isa cimport flush_denormals, restore_denormals
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.activations._table_activations cimport (
    FC_N_ACTIVATIONS, activations_table, fc_activation,
)

# Work units (see _threads) per element: most of the functions take an exponential
cdef double UNITS = 10.0


NAMES = tuple((<bytes> activations_table().functions[i].name).decode() for i in range(FC_N_ACTIVATIONS))
"""The functions by name; `src/activations.h` has their formulas and parameters."""

FROM_OUTPUT = {name: bool(activations_table().functions[i].from_output) for i, name in enumerate(NAMES)}
"""Whether a function's gradient is read from its output y, or else from its input x."""


cdef int _number(str kind) except -1:
    if kind not in FROM_OUTPUT:
        raise ValueError(f"activation: kind must be one of {NAMES}; received {kind!r}")
    return NAMES.index(kind)


def activation_fwd(str kind, const float[::1] x, float[::1] y, float a=0, float b=0, float c=0):
    """y = f(x), with up to three parameters."""
    cdef int number = _number(kind)
    cdef float[3] p
    p[0], p[1], p[2] = a, b, c
    same_size("activation_fwd", "x and y", x.shape[0], y.shape[0])
    if x.shape[0]:
        with nogil:
            _fwd(number, x.shape[0], &x[0], &y[0], p)


cdef void _fwd(
        int number, ptrdiff_t n, const float *x, float *y, const float *p) noexcept nogil:
    cdef const fc_activation *f = activations_table().functions + number
    cdef ptrdiff_t i
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(UNITS * n)):
        state = flush_denormals()
        for i in prange(blocks_of(n, BLOCK), schedule="static"):
            f.fwd(block_size(i, n, BLOCK), x + i * BLOCK, y + i * BLOCK, p)
        restore_denormals(state)


def activation_bwd(
        str kind, const float[::1] dy, const float[::1] s, float[::1] dx,
        float a=0, float b=0, float c=0):
    """dx = dy * f'(x), from s = y where FROM_OUTPUT says so, else from s = x."""
    cdef int number = _number(kind)
    cdef float[3] p
    p[0], p[1], p[2] = a, b, c
    same_size("activation_bwd", "dy and s", dy.shape[0], s.shape[0])
    same_size("activation_bwd", "dy and dx", dy.shape[0], dx.shape[0])
    if dy.shape[0]:
        with nogil:
            _bwd(number, dy.shape[0], &dy[0], &s[0], &dx[0], p)


cdef void _bwd(
        int number, ptrdiff_t n, const float *dy, const float *s, float *dx,
        const float *p) noexcept nogil:
    cdef const fc_activation *f = activations_table().functions + number
    cdef ptrdiff_t i
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(UNITS * n)):
        state = flush_denormals()
        for i in prange(blocks_of(n, BLOCK), schedule="static"):
            f.bwd(block_size(i, n, BLOCK), dy + i * BLOCK, s + i * BLOCK, dx + i * BLOCK, p)
        restore_denormals(state)
