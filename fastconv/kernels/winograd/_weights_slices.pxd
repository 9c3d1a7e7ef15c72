from fastconv.kernels.winograd._stages cimport gradient_pass

# winograd_bwd_weights for many channels; returns 0, or -1 if scratch allocation fails.
cdef int bwd_weights_slices(const gradient_pass *p, float *db, int team) noexcept nogil
