from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t

from fastconv.kernels._isa cimport fc_epilogue, fc_kernels

# A 3x3 correlation with stride 1:
#   result[n, r, c, :] = epilogue(sum_ij source[n, r - top + i, c - left + j, :] @ w[i, j])
# source (mb, ih, iw, kc), result (mb, oh, ow, nc); zeros outside the source. With `turned`, w is (3, 3, nc, kc) and
# taken transposed and turned by 180 degrees (the gradient of the data), else (3, 3, kc, nc).
#
# Fused with max pooling, 2x2 with stride 2: with `pool` the result is pooled, `to` and `argmax` (or NULL) being
# (mb, oh//2, ow//2, nc); with `unpool` the source is the gradient of a pooled map, (mb, ih//2, iw//2, kc), and
# `argmax` says where it belongs.
ctypedef struct winograd_pass:
    ptrdiff_t mb, ih, iw, kc, oh, ow, nc, top, left
    const float *source
    float *to
    const float *w
    bint turned
    bint pool, unpool
    uint8_t *argmax
    fc_epilogue ep  # alpha 1, beta 0

# Blocks of 4x4 tiles: whole images, or rows of tiles of one image, each with its border of the source.
ctypedef struct tiling:
    ptrdiff_t tile_rows, tile_columns  # of an image
    ptrdiff_t images, rows             # of a block, rows in tiles
    ptrdiff_t row_blocks, n_blocks
    ptrdiff_t tiles                    # of a whole block
    ptrdiff_t src_rows, src_columns    # of its copy of the source

# Blocks of about `wanted` tiles.
cdef void cut_tiles(ptrdiff_t mb, ptrdiff_t oh, ptrdiff_t ow, ptrdiff_t wanted, tiling *t) noexcept nogil

# v[f] (tiles, channels) of a block's copy of the source (images, src_rows, src_columns, channels).
cdef void transform_input(
    const tiling *t, const fc_kernels *ks, ptrdiff_t images, ptrdiff_t rows, ptrdiff_t channels,
    const float *copy, float *v) noexcept nogil

# 0, or -1 when scratch memory could not be had.
cdef int winograd_correlate(const winograd_pass *p) noexcept nogil
