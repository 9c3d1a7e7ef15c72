# How many threads a kernel should use for `work` (multiply-adds, or elements touched for memory-bound kernels times
# some small factor): one for little work, at most the limit in force.
cdef int threads_for(double work) noexcept nogil
