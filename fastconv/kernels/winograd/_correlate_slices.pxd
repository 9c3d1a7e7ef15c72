from fastconv.kernels.matmul._table_matmul cimport fc_matmul
from fastconv.kernels.winograd._stages cimport winograd_pass

# winograd_correlate for many channels, from transformed filters u; returns 0, or -1 if scratch
# allocation fails.
cdef int correlate_slices(const winograd_pass *p, const fc_matmul *ks, const float *u, int team) noexcept nogil
