from libc.stddef cimport ptrdiff_t

from fastconv.kernels.convolution._geometry cimport geometry
from fastconv.kernels.depthwise._table_depthwise cimport fc_stretch


# Windows along one axis: tap j of k of output t of n is at position t*s + j*d + o of the input,
# d >= 1, which may be outside [0, size). The output's index among all outputs is first + t*step; the
# weights of tap j have index w0 + j*ws.
ctypedef struct axis:
    ptrdiff_t n, s, k, d, o, size, w0, ws, first, step
    fc_stretch *stretches
    ptrdiff_t n_stretches

# The taps [first, last) of output t that are inside the input
cdef inline ptrdiff_t first_inside(const axis *a, ptrdiff_t t) noexcept nogil:
    cdef ptrdiff_t at = t * a.s + a.o
    cdef ptrdiff_t first = (-at + a.d - 1) // a.d if at < 0 else 0
    return first if first < a.k else a.k

cdef inline ptrdiff_t last_inside(const axis *a, ptrdiff_t t) noexcept nogil:
    cdef ptrdiff_t room = a.size - (t * a.s + a.o)
    cdef ptrdiff_t last = (room + a.d - 1) // a.d if room > 0 else 0
    return last if last < a.k else a.k

# Cuts the outputs of an axis into at most min(a.n, 2*a.k + 1) stretches, stored in `room`. Returns
# their number.
cdef ptrdiff_t cut(axis *a, fc_stretch *room) noexcept nogil

# Base class of the kernels of the three passes.
cdef class DepthwiseKernel:
    cdef geometry g
    cdef readonly str algo, where

# One pass: to (mb, to_h, to_w, c) from source (mb, h, w, c). The outputs are divided into n_rows
# classes along the vertical axis (`rows`) and n_columns along the horizontal one (`columns`).
cdef void depthwise_pass(
    const axis *rows, ptrdiff_t n_rows, const axis *columns, ptrdiff_t n_columns, ptrdiff_t kw,
    ptrdiff_t mb, ptrdiff_t c, const float *source, ptrdiff_t h, ptrdiff_t w, const float *weights,
    const float *bias, int act, float *to, ptrdiff_t to_h, ptrdiff_t to_w) noexcept nogil
