from fastconv.kernels.convolution._geometry cimport geometry

# dx (mb, ih, iw, ic) of a convolution with one group; returns 0, or -1 if scratch allocation fails.
cdef int bwd_data_columns(const geometry *g, const float *dy, const float *w, float *dx) noexcept nogil
