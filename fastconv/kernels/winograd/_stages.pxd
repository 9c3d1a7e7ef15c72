from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t

from fastconv.kernels.matmul._table_matmul cimport fc_epilogue, fc_matmul
from fastconv.kernels.winograd._table_winograd cimport fc_winograd

cdef enum:
    POINTS = 36
    SLACK = 16  # floats that transforms may read beyond an array
    SKEW = 16   # floats between the 36 slices: a power of two apart they would share cache sets

# A 3x3 correlation with stride 1:
#   result[n, r, c, :] = epilogue(sum_ij source[n, r - top + i, c - left + j, :] @ w[i, j])
# source (mb, ih, iw, kc), result (mb, oh, ow, nc); zeros outside the source. With `turned`, w is
# (3, 3, nc, kc), and is transposed and rotated by 180 degrees (for the gradient of the data);
# otherwise w is (3, 3, kc, nc).
#
# Max pooling, 2x2 with stride 2, can be fused: with `pool` the result is pooled, and `to` and
# `argmax` (or NULL) are (mb, oh//2, ow//2, nc); with `unpool` the source is the gradient of a
# pooled map, (mb, ih//2, iw//2, kc), and `argmax` that of the forward pass.
#
# Computed block by block (_correlate_blocks.pyx) or `by_slices` (_correlate_slices.pyx): both work
# for any number of channels, the second is faster for many. plan/algorithms.py chooses.
ctypedef struct winograd_pass:
    ptrdiff_t mb, ih, iw, kc, oh, ow, nc, top, left
    const float *source
    float *to
    const float *w
    bint turned
    bint pool, unpool, by_slices
    uint8_t *argmax
    fc_epilogue ep  # alpha 1, beta 0

# Blocks of 4x4 tiles: whole images, or rows of tiles of one image, each with its halo in the
# source.
ctypedef struct tiling:
    ptrdiff_t tile_rows, tile_columns  # of an image
    ptrdiff_t images, rows             # of a block, rows in tiles
    ptrdiff_t row_blocks, n_blocks
    ptrdiff_t tiles                    # of a whole block
    ptrdiff_t src_rows, src_columns    # of its copy of the source

# Cuts the work into blocks of about `wanted` tiles.
cdef void cut_tiles(ptrdiff_t mb, ptrdiff_t oh, ptrdiff_t ow, ptrdiff_t wanted, tiling *t) noexcept nogil

# The layout of transformed tiles: value (i, j) of tile t, all channels, is at i * row + j * column
# + t * tile floats.
ctypedef struct layout:
    ptrdiff_t row, column, tile

cdef inline ptrdiff_t point(const layout *at, ptrdiff_t f) noexcept nogil:
    """Offset of value f = 6 * i + j of the first tile."""
    return f // 6 * at.row + f % 6 * at.column

# Slice by slice: the operands of a product are contiguous. For blocks that stay in a near cache.
cdef layout slice_layout(ptrdiff_t tiles, ptrdiff_t channels) noexcept nogil

# The six values of a row are adjacent: a transform reads or writes six streams instead of 36, which
# would be more than the hardware prefetches.
cdef layout row_layout(ptrdiff_t tiles, ptrdiff_t channels) noexcept nogil

# Size of all tiles in either layout, in floats, with slack.
cdef ptrdiff_t layout_floats(ptrdiff_t tiles, ptrdiff_t channels) noexcept nogil

# Transforms the tiles of the copy (images, src_rows, src_columns, channels) into v.
cdef void transform_input(
    const tiling *t, const fc_winograd *wk, ptrdiff_t images, ptrdiff_t rows, ptrdiff_t channels,
    const float *copy, float *v, const layout *at) noexcept nogil

# The same for a copy (images, 4 * t.rows, 4 * t.tile_columns, channels) of the gradient of the
# result.
cdef void transform_gradient(
    const tiling *t, const fc_winograd *wk, ptrdiff_t images, ptrdiff_t rows, ptrdiff_t channels,
    const float *copy, float *d, const layout *at) noexcept nogil

# The transformed filters u[f][panel][k][width], slices filter_slice floats apart: in the scratch
# slot FC_TEAM, valid until its next use. NULL if allocation fails.
cdef float *transform_filters(const winograd_pass *p, const fc_matmul *ks, int team) noexcept nogil
cdef ptrdiff_t filter_slice(const winograd_pass *p, const fc_matmul *ks) noexcept nogil

# Copies rows and columns from (row, column) on, zeros outside, of the maps n, n + 1, ... of (mb, h,
# w, channels) into copy (images, rows, columns, channels). Unless argmax is NULL, the maps are
# unpooled: see winograd_pass.
cdef void load_map(
    const float *maps, const uint8_t *argmax, ptrdiff_t h, ptrdiff_t w, ptrdiff_t channels, ptrdiff_t n,
    ptrdiff_t images, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column, ptrdiff_t columns, float *copy) noexcept nogil

# Stores channels [first, first + columns) of tile (r, c) of image n, from its products m.
cdef void store_tile(
    const winograd_pass *p, const fc_winograd *wk, const float *m, const layout *at, ptrdiff_t first,
    ptrdiff_t columns, ptrdiff_t n, ptrdiff_t r, ptrdiff_t c) noexcept nogil
