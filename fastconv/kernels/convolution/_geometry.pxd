from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t

# One convolution: x (mb, ih, iw, ic), w (kh, kw, ic/groups, oc), y (mb, oh, ow, oc); pt and pl rows and columns of
# zeros lie above and left of x, as many as needed below and right. Negative ones cut something off x.
ctypedef struct geometry:
    ptrdiff_t mb, ih, iw, ic, oc, kh, kw, sh, sw, dh, dw, pt, pl, oh, ow, groups

# Fills all but mb, which comes with the arrays. Raises ValueError, in the name `where`, when the numbers
# cannot be a convolution.
cdef int set_geometry(
    geometry *g, ptrdiff_t ih, ptrdiff_t iw, ptrdiff_t ic, ptrdiff_t oc, ptrdiff_t kh, ptrdiff_t kw,
    ptrdiff_t sh, ptrdiff_t sw, ptrdiff_t dh, ptrdiff_t dw, ptrdiff_t pt, ptrdiff_t pl,
    ptrdiff_t oh, ptrdiff_t ow, ptrdiff_t groups, str where) except -1

ctypedef enum algorithm:
    DIRECT
    GEMM
    WINOGRAD

# Base class of the kernels of the three passes.
cdef class Conv2DKernel:
    cdef geometry g
    cdef algorithm chosen
    cdef bint pool
    cdef readonly str algo, where
    cdef readonly bint by_slices

# Checks before a pass runs: take the batch size from the first array, and check all shapes. With
# `pool`, y and dy are those of the pooled map.
cdef int expect_fwd(
    geometry *g, bint pool, const Py_ssize_t *x, const Py_ssize_t *w, const Py_ssize_t *y) except -1
cdef int expect_bwd_data(
    geometry *g, bint pool, const Py_ssize_t *dy, const Py_ssize_t *w, const Py_ssize_t *dx) except -1
cdef int expect_bwd_weights(
    geometry *g, bint pool, const Py_ssize_t *x, const Py_ssize_t *dy, const Py_ssize_t *dw) except -1
cdef int expect_weights(
    str where, const geometry *g, const Py_ssize_t *w, str name=*) except -1

# Pointer to b (oc) or db (oc); NULL if it is None.
cdef const float *bias_in(const geometry *g, const float[::1] b) except? NULL
cdef float *bias_out(const geometry *g, float[::1] db) except? NULL

# Pointer to the argmax that a backward pass needs; NULL without pooling, and for an empty batch.
cdef const uint8_t *winners_in(
    const geometry *g, bint pool, const uint8_t[:, :, :, ::1] argmax) except? NULL
cdef int expect_winners(str where, const geometry *g, bint pool, const Py_ssize_t *argmax) except -1

# Sets the gradients of an empty batch to 0.
cdef int clear_weights(float[:, :, :, ::1] dw, float[::1] db) except -1
