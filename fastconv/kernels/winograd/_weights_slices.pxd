from libc.stdint cimport uint8_t

from fastconv.kernels.convolution._geometry cimport geometry

# winograd_bwd_weights for many channels; returns 0, or -1 if scratch allocation fails.
cdef int bwd_weights_slices(
    const geometry *g, const float *x, const float *dy, const uint8_t *argmax, float *dw, float *db, int team
) noexcept nogil
