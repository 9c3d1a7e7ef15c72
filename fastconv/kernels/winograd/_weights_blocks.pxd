from libc.stdint cimport uint8_t

from fastconv.kernels.convolution._geometry cimport geometry

# dw (kh, kw, ic, oc) and db (oc) or NULL, for no dilation and one group; returns 0, or -1 if
# scratch allocation fails. Unless argmax is NULL, dy is the gradient of the 2x2 max pooling (stride
# 2) of y, (mb, oh//2, ow//2, oc). Block by block, or `by_slices`: both work for any number of
# channels, the second is faster for many.
cdef int winograd_bwd_weights(
    const geometry *g, const float *x, const float *dy, const uint8_t *argmax, float *dw, float *db,
    bint by_slices
) noexcept nogil
