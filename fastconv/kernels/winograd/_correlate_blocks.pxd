from fastconv.kernels.winograd._stages cimport winograd_pass

# Returns 0, or -1 if scratch allocation fails.
cdef int winograd_correlate(const winograd_pass *p) noexcept nogil
