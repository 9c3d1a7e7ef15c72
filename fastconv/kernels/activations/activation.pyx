"""Elementwise activations on flat float32 arrays, forward and backward in one pass each.

Arrays (n,) are C-contiguous; the output may be one of the inputs but must not overlap them
otherwise. Errors: ValueError for another kind, dtype, layout or size.
"""

from libc.stddef cimport ptrdiff_t

from fastconv.kernels._blocks cimport BLOCK, over_blocks, same_size
from fastconv.kernels.activations._table_activations cimport (
    FC_N_ACTIVATIONS, activations_table, fc_activation,
)

# Work units (see _threads) per element: most of the functions compute an exponential
cdef double UNITS = 10.0


NAMES = tuple((<bytes> activations_table().functions[i].name).decode() for i in range(FC_N_ACTIVATIONS))
"""The names of the functions; `src/activations.h` has their formulas and parameters."""

FROM_OUTPUT = {name: bool(activations_table().functions[i].from_output) for i, name in enumerate(NAMES)}
"""Whether a function's gradient is computed from its output y, not from its input x."""


cdef int _index(str kind) except -1:
    if kind not in FROM_OUTPUT:
        raise ValueError(f"activation: kind must be one of {NAMES}; received {kind!r}")
    return NAMES.index(kind)


cdef struct activated:
    const fc_activation *f
    const float *dy
    const float *s
    float *out
    float p[3]


def activation_fwd(str kind, const float[::1] x, float[::1] y, float a=0, float b=0, float c=0):
    """y = f(x), with up to three parameters."""
    cdef activated t
    t.f, t.p = activations_table().functions + _index(kind), [a, b, c]
    same_size("activation_fwd", "x and y", x.shape[0], y.shape[0])
    if x.shape[0]:
        t.s, t.out = &x[0], &y[0]
        with nogil:
            over_blocks(_fwd, &t, x.shape[0], BLOCK, UNITS * x.shape[0])


cdef void _fwd(ptrdiff_t at, ptrdiff_t n, const void *task) noexcept nogil:
    cdef const activated *t = <const activated *> task
    t.f.fwd(n, t.s + at, t.out + at, t.p)


def activation_bwd(
        str kind, const float[::1] dy, const float[::1] s, float[::1] dx,
        float a=0, float b=0, float c=0):
    """dx = dy * f'(x), from s = y where FROM_OUTPUT says so, else from s = x."""
    cdef activated t
    t.f, t.p = activations_table().functions + _index(kind), [a, b, c]
    same_size("activation_bwd", "dy and s", dy.shape[0], s.shape[0])
    same_size("activation_bwd", "dy and dx", dy.shape[0], dx.shape[0])
    if dy.shape[0]:
        t.dy, t.s, t.out = &dy[0], &s[0], &dx[0]
        with nogil:
            over_blocks(_bwd, &t, dy.shape[0], BLOCK, UNITS * dy.shape[0])


cdef void _bwd(ptrdiff_t at, ptrdiff_t n, const void *task) noexcept nogil:
    cdef const activated *t = <const activated *> task
    t.f.bwd(n, t.dy + at, t.s + at, t.out + at, t.p)
