from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t

from fastconv.kernels.matmul._table_matmul cimport fc_epilogue

# A correlation of maps in NHWC, one pixel of the result a sum over taps of a pixel of the source times a matrix:
#   result[n, r, c, :] = epilogue(sum_t source[n, r*rs - top + tap_r[t], c*cs - left + tap_c[t], :] @ weights[t])
# with zeros outside the source. Channels come in `groups` of kc (source) and nc (result). The result is the pixel
# (r*step_r + first_r, c*step_c + first_c) of an array of maps (to_h, to_w).
ctypedef struct correlation:
    ptrdiff_t mb, groups, kc, nc
    const float *source
    const uint8_t *bytes  # the source is scale * bytes + offset instead, unless NULL
    float scale, offset
    ptrdiff_t ih, iw
    float *to
    ptrdiff_t to_h, to_w
    ptrdiff_t oh, ow, step_r, step_c, first_r, first_c
    ptrdiff_t rs, cs, top, left
    ptrdiff_t n_taps
    const ptrdiff_t *tap_r
    const ptrdiff_t *tap_c
    const float *weights  # per group: panels of NR columns, each [tap][kc][width]; see packed_floats
    fc_epilogue ep        # bias runs over all groups * nc columns

# Floats that one group's packed weights take.
cdef ptrdiff_t packed_floats(ptrdiff_t n_taps, ptrdiff_t kc, ptrdiff_t nc) noexcept nogil

# 0, or -1 when scratch memory could not be had. Uses the scratch slots FC_OWN and FC_TABLE, not FC_TEAM.
cdef int correlate(const correlation *p) noexcept nogil

# Part of a source, with its border of zeros: rows r0 .. r0 + rows and columns c0 .. c0 + columns (also outside the
# map) of n images of (ih, iw, ic), into out (n, rows, columns, ic).
cdef void load_padded(
    const float *source, ptrdiff_t n, ptrdiff_t ih, ptrdiff_t iw, ptrdiff_t ic,
    ptrdiff_t r0, ptrdiff_t rows, ptrdiff_t c0, ptrdiff_t columns, float *out) noexcept nogil

# The same of the source scale * bytes + offset.
cdef void load_scaled(
    const uint8_t *bytes, float scale, float offset, ptrdiff_t n, ptrdiff_t ih, ptrdiff_t iw, ptrdiff_t ic,
    ptrdiff_t r0, ptrdiff_t rows, ptrdiff_t c0, ptrdiff_t columns, float *out) noexcept nogil

# The same of the map (ih, iw) whose 2x2 max pooling, stride 2, has the gradient dy and the winners argmax, both
# (n, ih//2, iw//2, ic): every gradient at its winner's place, zero elsewhere.
cdef void load_unpooled(
    const float *dy, const uint8_t *argmax, ptrdiff_t n, ptrdiff_t ih, ptrdiff_t iw, ptrdiff_t ic,
    ptrdiff_t r0, ptrdiff_t rows, ptrdiff_t c0, ptrdiff_t columns, float *out) noexcept nogil
