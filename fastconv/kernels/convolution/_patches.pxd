from fastconv.kernels.convolution._geometry cimport geometry

# Whether the windows lie side by side, none overlapping or left out, with enough channels for matrix
# products.
cdef bint tiles_the_map(const geometry *g) noexcept nogil

# The three passes of such a convolution; arguments as for the kernels. They return 0, or -1 if
# scratch allocation fails.
cdef int patches_fwd(
    const geometry *g, const float *x, const float *w, const float *bias, float *y, int act
) noexcept nogil
cdef int patches_bwd_data(
    const geometry *g, const float *dy, const float *w, float *dx) noexcept nogil
cdef int patches_bwd_weights(
    const geometry *g, const float *x, const float *dy, float *dw, float *db) noexcept nogil
