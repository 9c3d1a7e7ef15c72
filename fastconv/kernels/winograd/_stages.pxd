from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t

from fastconv.kernels.convolution._geometry cimport geometry
from fastconv.kernels.matmul._table_matmul cimport fc_epilogue, fc_matmul
from fastconv.kernels.winograd._parts cimport axis, source_parts, target_parts
from fastconv.kernels.winograd._table_winograd cimport fc_tile, fc_winograd

cdef enum:
    SLACK = 16  # floats that transforms may read beyond an array
    SKEW = 16   # floats between slices, one a point: a power of two apart they would share cache sets

# A correlation in parts (see _parts.pxd), one source part with one target part being
#   result[n, r, c, :] = sum_uv source[n, r + u, c + v, :] @ w[tap(u), tap(v)]
# and the target's parts the sums over the source's parts, with bias and activation. source
# (mb, h.source, w.source, kc), target (mb, h.target, w.target, nc); zeros outside the source.
# `weights` are (kh, kw, kc, nc), or (kh, kw, nc, kc) if the axes are `turned`, for the gradient of
# the data.
#
# Max pooling, 2x2 with stride 2, can be fused: with `pool` the result, of parts with 3x3 taps, is
# pooled, and `to` and `argmax` (or NULL) are (mb, h.target//2, w.target//2, nc); with `unpool` the
# source is the gradient of a pooled map, (mb, h.source//2, w.source//2, kc), and `argmax` that of
# the forward pass.
#
# Computed block by block (_correlate_blocks.pyx) or `by_slices` (_correlate_slices.pyx): both work
# for any number of channels, the second is faster for many. plan/algorithms.py chooses.
ctypedef struct winograd_pass:
    ptrdiff_t mb, kc, nc
    axis h, w
    const float *source
    float *to
    const float *weights
    const float *kept  # what transform_filters once returned for them, or NULL
    bint pool, unpool, by_slices
    uint8_t *argmax
    fc_epilogue ep  # alpha 1, beta 0

# Channels of the source and of the target, all parts together.
cdef inline ptrdiff_t source_channels(const winograd_pass *p) noexcept nogil:
    return source_parts(&p.h) * source_parts(&p.w) * p.kc

cdef inline ptrdiff_t target_channels(const winograd_pass *p) noexcept nogil:
    return target_parts(&p.h) * target_parts(&p.w) * p.nc

cdef ptrdiff_t result_tiles(const winograd_pass *p) noexcept nogil

# Blocks of tiles of high * wide pixels: whole images, or rows of tiles of one image, each with its
# halo in the source.
ctypedef struct tiling:
    fc_tile tile
    ptrdiff_t points                   # of a tile, all
    ptrdiff_t high, wide               # pixels of a tile of the result
    ptrdiff_t tile_rows, tile_columns  # of an image
    ptrdiff_t images, rows             # of a block, rows in tiles
    ptrdiff_t row_blocks, n_blocks
    ptrdiff_t tiles                    # of a whole block
    ptrdiff_t src_rows, src_columns    # of its copy of the source

# Cuts the results into blocks of about `wanted` tiles.
cdef void cut_tiles(
    ptrdiff_t mb, const axis *h, const axis *w, ptrdiff_t wanted, tiling *t) noexcept nogil

# The layout of transformed tiles: value (i, j) of tile t, all channels, is at i * row + j * column
# + t * tile floats.
ctypedef struct layout:
    ptrdiff_t row, column, tile
    ptrdiff_t columns  # points of a tile in a row

cdef inline ptrdiff_t point(const layout *at, ptrdiff_t f) noexcept nogil:
    """Offset of value f, by rows, of the first tile."""
    return f // at.columns * at.row + f % at.columns * at.column

# Of `tiles` tiles as those of t. Slice by slice: the operands of a product are contiguous. For blocks
# that stay in a near cache.
cdef layout slice_layout(const tiling *t, ptrdiff_t tiles, ptrdiff_t channels) noexcept nogil

# The values of a row are adjacent: a transform reads or writes six streams instead of 36, which would
# be more than the hardware prefetches.
cdef layout row_layout(const tiling *t, ptrdiff_t tiles, ptrdiff_t channels) noexcept nogil

# Size of a whole block's tiles in either layout, in floats, with slack.
cdef ptrdiff_t layout_floats(const tiling *t, ptrdiff_t channels) noexcept nogil

# The source (mb, h.source, w.source, channels) of a convolution in parts, for transforms.
ctypedef struct source_map:
    const float *maps
    const uint8_t *argmax  # NULL unless the map is to be unpooled: see winograd_pass
    ptrdiff_t channels
    axis h, w

cdef source_map source_of(const winograd_pass *p) noexcept nogil

# Floats that the copy of `rows` rows of a block's source needs.
cdef ptrdiff_t copy_floats(const source_map *s, const tiling *t, ptrdiff_t images, ptrdiff_t rows) noexcept nogil

# Transforms the tiles of `images` images from n on and `rows` rows of tiles from r on: all parts of
# the source, by way of `copy`, into v, whose tiles hold the channels of all parts.
cdef void transform_source(
    const source_map *s, const tiling *t, const fc_winograd *wk, ptrdiff_t n, ptrdiff_t images,
    ptrdiff_t r, ptrdiff_t rows, float *copy, float *v, const layout *at) noexcept nogil

# Transforms a copy (images, t.high * rows, t.wide * t.tile_columns, channels) of the gradient of the
# result.
cdef void transform_gradient(
    const tiling *t, const fc_winograd *wk, ptrdiff_t images, ptrdiff_t rows, ptrdiff_t channels,
    const float *copy, float *d, const layout *at) noexcept nogil

# The transformed filters u[f][target part][panel][k][width], slices filter_slice floats apart: in
# the scratch slot FC_TEAM, valid until its next use. NULL if allocation fails. p.kept, if not NULL.
cdef const float *transform_filters(const winograd_pass *p, const fc_matmul *ks, int team) noexcept nogil
cdef ptrdiff_t filter_slice(const winograd_pass *p, const fc_matmul *ks) noexcept nogil

# Whether the filters of a target part vanish at the point f.
cdef bint target_vanishes(const winograd_pass *p, ptrdiff_t part, ptrdiff_t f) noexcept nogil

# The gradient of the weights, dw (kh, kw, x.channels, oc): the sums over all tiles of the products of
# the transformed tiles of x, all parts of it, and those of dy (mb, oh, ow, oc), a matrix (channels of
# x's parts, oc) for each point, are transformed back.
ctypedef struct gradient_pass:
    ptrdiff_t mb, oh, ow, oc
    source_map x
    ptrdiff_t points  # of a tile
    const float *dy
    const uint8_t *argmax  # NULL unless dy is to be unpooled
    float *dw

cdef gradient_pass gradient_of(
    const geometry *g, const float *x, const float *dy, const uint8_t *argmax, float *dw) noexcept nogil

cdef inline ptrdiff_t sum_channels(const gradient_pass *p) noexcept nogil:
    return source_parts(&p.x.h) * source_parts(&p.x.w) * p.x.channels

# Clears the sums that are left out, since the filters of their part vanish at their point.
cdef void clear_vanishing(const gradient_pass *p, float *sums) noexcept nogil

# Transforms the sums (points, sum_channels, oc), `parts` arrays `stride` floats apart, into dw.
cdef void transform_sums(
    const gradient_pass *p, const float *sums, ptrdiff_t parts, ptrdiff_t stride, int team) noexcept nogil

# Copies rows and columns from (row, column) on, zeros outside, of the maps n, n + 1, ... of (mb, h,
# w, channels) into copy (images, rows, columns, channels). Unless argmax is NULL, the maps are
# unpooled: see winograd_pass; up to a pixel more may be written.
cdef void load_map(
    const float *maps, const uint8_t *argmax, ptrdiff_t h, ptrdiff_t w, ptrdiff_t channels, ptrdiff_t n,
    ptrdiff_t images, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column, ptrdiff_t columns, float *copy) noexcept nogil

# Stores channels [first, first + columns) of tile (r, c) of image n and a target part, from its
# products m.
cdef void store_tile(
    const winograd_pass *p, const fc_winograd *wk, const float *m, const layout *at, ptrdiff_t part,
    ptrdiff_t first, ptrdiff_t columns, ptrdiff_t n, ptrdiff_t r, ptrdiff_t c) noexcept nogil
