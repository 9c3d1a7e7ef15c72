# Indices outside an axis, and the index inside that replaces each, for every fill mode.
from libc.stddef cimport ptrdiff_t

cdef enum:
    CONSTANT, NEAREST, REFLECT, SYMMETRIC, WRAP


cdef inline ptrdiff_t index_inside(ptrdiff_t i, ptrdiff_t n, int kind) noexcept nogil:
    # The index in [0, n) that replaces i; -1 for the constant fill value.
    cdef ptrdiff_t period
    if 0 <= i < n:
        return i
    if kind == CONSTANT:
        return -1
    if kind == NEAREST:
        return 0 if i < 0 else n - 1
    if kind == REFLECT and n == 1:
        return 0
    period = n if kind == WRAP else 2 * n if kind == SYMMETRIC else 2 * n - 2
    i = i % period
    if i < 0:
        i = i + period
    if i < n:
        return i
    return period - i - (1 if kind == SYMMETRIC else 0)
