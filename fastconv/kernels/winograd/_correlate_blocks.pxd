from fastconv.kernels.winograd._stages cimport winograd_pass

# 0, or -1 when scratch memory could not be had.
cdef int winograd_correlate(const winograd_pass *p) noexcept nogil
