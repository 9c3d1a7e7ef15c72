from libc.stdint cimport uint8_t

from fastconv.kernels.convolution._geometry cimport geometry

# dw (kh, kw, ic/groups, oc) and db (oc) or NULL, of every geometry; x is scale * bytes + offset unless bytes is NULL.
# 0, or -1 when scratch memory could not be had.
cdef int bwd_weights_direct(
    const geometry *g, const float *x, const uint8_t *bytes, float scale, float offset,
    const float *dy, float *dw, float *db) noexcept nogil
