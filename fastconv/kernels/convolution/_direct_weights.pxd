from libc.stdint cimport uint8_t

from fastconv.kernels.convolution._geometry cimport geometry

# dw (kh, kw, ic/groups, oc) and db (oc) or NULL, for every geometry; unless bytes is NULL, x is
# scale * bytes + offset. Returns 0, or -1 if scratch allocation fails.
cdef int bwd_weights_direct(
    const geometry *g, const float *x, const uint8_t *bytes, float scale, float offset,
    const float *dy, float *dw, float *db) noexcept nogil
