from fastconv.kernels._geometry cimport geometry

# dw (3, 3, ic, oc) and db (oc) or NULL, for stride 1, no dilation, one group; 0, or -1 without memory.
cdef int winograd_bwd_weights(
    const geometry *g, const float *x, const float *dy, float *dw, float *db) noexcept nogil
