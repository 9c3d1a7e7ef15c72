from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t

from fastconv.kernels.matmul._table_matmul cimport fc_epilogue, fc_matmul
from fastconv.kernels.winograd._table_winograd cimport fc_winograd

cdef enum:
    POINTS = 36
    SLACK = 16  # floats that transforms may read behind an array
    SKEW = 16   # floats between the 36 slices: a power of two apart they would share sets of the caches

# A 3x3 correlation with stride 1:
#   result[n, r, c, :] = epilogue(sum_ij source[n, r - top + i, c - left + j, :] @ w[i, j])
# source (mb, ih, iw, kc), result (mb, oh, ow, nc); zeros outside the source. With `turned`, w is (3, 3, nc, kc) and
# taken transposed and turned by 180 degrees (the gradient of the data), else (3, 3, kc, nc).
#
# Fused with max pooling, 2x2 with stride 2: with `pool` the result is pooled, `to` and `argmax` (or NULL) being
# (mb, oh//2, ow//2, nc); with `unpool` the source is the gradient of a pooled map, (mb, ih//2, iw//2, kc), and
# `argmax` says where it belongs.
#
# It goes block by block (_correlate_blocks.pyx) or `by_slices` (_correlate_slices.pyx): either for any number of
# channels, the second faster for many. Which one, plan/algorithms.py decides.
ctypedef struct winograd_pass:
    ptrdiff_t mb, ih, iw, kc, oh, ow, nc, top, left
    const float *source
    float *to
    const float *w
    bint turned
    bint pool, unpool, by_slices
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

# Where transformed tiles lie: value (i, j) of tile t, all its channels, at i * row + j * column + t * tile floats.
ctypedef struct layout:
    ptrdiff_t row, column, tile

cdef inline ptrdiff_t point(const layout *at, ptrdiff_t f) noexcept nogil:
    """Where value f = 6 * i + j of the first tile lies."""
    return f // 6 * at.row + f % 6 * at.column

# Slice by slice: what a product reads lies together, as long as everything stays in a near cache.
cdef layout slice_layout(ptrdiff_t tiles, ptrdiff_t channels) noexcept nogil

# The six values of a row side by side: what a transform reads or writes are six streams instead of 36, more than
# what the processor fetches ahead.
cdef layout row_layout(ptrdiff_t tiles, ptrdiff_t channels) noexcept nogil

# Floats for all tiles in either layout, with slack.
cdef ptrdiff_t layout_floats(ptrdiff_t tiles, ptrdiff_t channels) noexcept nogil

# v of the copy (images, src_rows, src_columns, channels).
cdef void transform_input(
    const tiling *t, const fc_winograd *wk, ptrdiff_t images, ptrdiff_t rows, ptrdiff_t channels,
    const float *copy, float *v, const layout *at) noexcept nogil

# The same of a copy (images, 4 * t.rows, 4 * t.tile_columns, channels) of the gradient of the result.
cdef void transform_gradient(
    const tiling *t, const fc_winograd *wk, ptrdiff_t images, ptrdiff_t rows, ptrdiff_t channels,
    const float *copy, float *d, const layout *at) noexcept nogil

# The transformed filters u[f][panel][k][width], slices filter_slice floats apart: scratch memory of the team, valid
# until its next use, or NULL.
cdef float *transform_filters(const winograd_pass *p, const fc_matmul *ks, int team) noexcept nogil
cdef ptrdiff_t filter_slice(const winograd_pass *p, const fc_matmul *ks) noexcept nogil

# Rows and columns from (row, column) on, zeros outside, of the maps n, n + 1, ... of (mb, h, w, channels): a copy
# (images, rows, columns, channels). Where argmax is not NULL, the maps are unpooled on the way: see winograd_pass.
cdef void load_map(
    const float *maps, const uint8_t *argmax, ptrdiff_t h, ptrdiff_t w, ptrdiff_t channels, ptrdiff_t n,
    ptrdiff_t images, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column, ptrdiff_t columns, float *copy) noexcept nogil

# Channels from `first` on of the tile (r, c) of image n, out of its products m.
cdef void store_tile(
    const winograd_pass *p, const fc_winograd *wk, const float *m, const layout *at, ptrdiff_t first,
    ptrdiff_t columns, ptrdiff_t n, ptrdiff_t r, ptrdiff_t c) noexcept nogil
