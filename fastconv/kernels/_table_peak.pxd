from libc.stddef cimport ptrdiff_t

from fastconv.kernels._isa cimport fc_kernels, kernels


cdef extern from "table_peak.h" nogil:
    ctypedef struct fc_peak:
        double fma_chains(ptrdiff_t n, const float *factor_term, float *out) noexcept nogil


cdef extern from "fastconv.h" nogil:
    const fc_peak *fc_peak_of(const fc_kernels *k)


cdef inline const fc_peak *peak_table() noexcept nogil:
    return fc_peak_of(kernels())
