# How many threads a kernel should use for `work`, in work units (multiply-adds; for memory-bound
# kernels, elements times a small factor): one for little work, at most the current limit.
cdef int threads_for(double work) noexcept nogil
