from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t

from fastconv.kernels.matmul._table_matmul cimport fc_epilogue

# A correlation of maps in NHWC, each pixel of the result a sum over taps of source pixel times matrix:
#   result[n, r, c, :] = epilogue(
#       sum_t source[n, r*rs - top + tap_r[t], c*cs - left + tap_c[t], :] @ weights[t])
# with zeros outside the source. Channels are in `groups` of kc (source) and nc (result). Pixel
# (r, c) of the result is stored at (r*step_r + first_r, c*step_c + first_c) of maps (to_h, to_w).
ctypedef struct correlation:
    ptrdiff_t mb, groups, kc, nc
    const float *source
    const uint8_t *bytes  # unless NULL, the source is scale * bytes + offset
    float scale, offset
    ptrdiff_t ih, iw
    float *to
    ptrdiff_t to_h, to_w
    ptrdiff_t oh, ow, step_r, step_c, first_r, first_c
    ptrdiff_t rs, cs, top, left
    ptrdiff_t n_taps
    const ptrdiff_t *tap_r
    const ptrdiff_t *tap_c
    const float *weights  # per group: panels of NR columns, each [tap][kc][width]
    fc_epilogue ep        # bias has groups * nc elements

# Size of one group's packed weights, in floats.
cdef ptrdiff_t packed_floats(ptrdiff_t n_taps, ptrdiff_t kc, ptrdiff_t nc) noexcept nogil

# Returns 0, or -1 if scratch allocation fails. Uses the scratch slots FC_OWN and FC_TABLE, not
# FC_TEAM.
cdef int correlate(const correlation *p) noexcept nogil

# Copies part of a source with its zero padding: rows r0 .. r0 + rows and columns c0 .. c0 + columns
# (which may be outside the map) of n images (ih, iw, ic), into out (n, rows, columns, ic).
cdef void load_padded(
    const float *source, ptrdiff_t n, ptrdiff_t ih, ptrdiff_t iw, ptrdiff_t ic,
    ptrdiff_t r0, ptrdiff_t rows, ptrdiff_t c0, ptrdiff_t columns, float *out) noexcept nogil

# The same for the source scale * bytes + offset.
cdef void load_scaled(
    const uint8_t *bytes, float scale, float offset, ptrdiff_t n, ptrdiff_t ih, ptrdiff_t iw, ptrdiff_t ic,
    ptrdiff_t r0, ptrdiff_t rows, ptrdiff_t c0, ptrdiff_t columns, float *out) noexcept nogil

# The same for the gradient of a map (ih, iw) after 2x2 max pooling, stride 2, from the pooled
# gradient dy and argmax, both (n, ih//2, iw//2, ic): dy at the pixel that argmax names, zero
# elsewhere.
cdef void load_unpooled(
    const float *dy, const uint8_t *argmax, ptrdiff_t n, ptrdiff_t ih, ptrdiff_t iw, ptrdiff_t ic,
    ptrdiff_t r0, ptrdiff_t rows, ptrdiff_t c0, ptrdiff_t columns, float *out) noexcept nogil
