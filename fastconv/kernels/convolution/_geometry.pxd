from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t

# One convolution: x (mb, ih, iw, ic), w (kh, kw, ic/groups, oc), y (mb, oh, ow, oc); pt and pl rows and columns of
# zeros lie above and left of x, as many as needed below and right.
ctypedef struct geometry:
    ptrdiff_t mb, ih, iw, ic, oc, kh, kw, sh, sw, dh, dw, pt, pl, oh, ow, groups

cdef inline ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) noexcept nogil:
    return a if a < b else b

cdef inline ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b) noexcept nogil:
    return a if a > b else b

cdef inline ptrdiff_t ceil_div(ptrdiff_t a, ptrdiff_t b) noexcept nogil:
    return (a + b - 1) // b

cdef inline ptrdiff_t round_up(ptrdiff_t a, ptrdiff_t b) noexcept nogil:
    return (a + b - 1) // b * b

# Fills all but mb, which comes with the arrays. Raises ValueError when the numbers cannot be a convolution.
cdef int set_geometry(
    geometry *g, ptrdiff_t ih, ptrdiff_t iw, ptrdiff_t ic, ptrdiff_t oc, ptrdiff_t kh, ptrdiff_t kw,
    ptrdiff_t sh, ptrdiff_t sw, ptrdiff_t dh, ptrdiff_t dw, ptrdiff_t pt, ptrdiff_t pl,
    ptrdiff_t oh, ptrdiff_t ow, ptrdiff_t groups) except -1

cdef int expect(str where, str name, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3,
                const Py_ssize_t *shape) except -1

ctypedef enum algorithm:
    DIRECT
    GEMM
    WINOGRAD

# What the kernels of the three passes are made from.
cdef class Conv2DKernel:
    cdef geometry g
    cdef algorithm chosen
    cdef bint pool
    cdef readonly str algo
    cdef readonly bint by_slices

# ValueError unless a vector has a number for each output channel.
cdef int expect_channels(str where, str name, Py_ssize_t size, ptrdiff_t oc) except -1

# The winners that a backward pass with fused pooling needs; NULL for an empty batch.
cdef const uint8_t *winners_of(const geometry *g, const uint8_t[:, :, :, ::1] argmax) except? NULL
