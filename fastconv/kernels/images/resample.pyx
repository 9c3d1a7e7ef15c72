"""Images sampled on a grid of points: resized, shifted, mirrored, zoomed.

y[n, i, j] is x[n] at the point (rows[n, i], columns[n, j]), in pixels of x, with pixel 0 at 0.
Bilinear interpolation is a weighted sum of the four pixels around the point; otherwise the nearest
is taken, on ties the later one. Beyond the edges the image continues by the fill mode
(augment.FILL_MODES), "constant" with the value `fill`. A pixel of weight 0 is not read, so that NaN
and infinities do not spread.

x (mb, ih, iw, c) is uint8 or float32, y (mb, oh, ow, c) float32, overwritten. `rows` and `columns`
have one row per image, or one for all. Errors: ValueError for invalid shapes or points.
"""

from cython.parallel cimport parallel, prange
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from fastconv.kernels._isa cimport flush_denormals, restore_denormals
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.elementwise._table_merge cimport fc_merge, merge_table
from fastconv.kernels.images._taps cimport channels_of, find_tap, mix, spread, tap

from fastconv.kernels.images.augment import FILL_MODES

ctypedef fused pixel:
    uint8_t
    float

cdef double LARGEST = 2.0**31


def resample(
        const pixel[:, :, :, ::1] x, float[:, :, :, ::1] y, const double[:, ::1] rows,
        const double[:, ::1] columns, bint bilinear, str mode, float fill):
    """y = x at the points of `rows` and `columns`."""
    cdef tap *down = NULL
    cdef tap *along = NULL
    if not _fits("resample", x.shape, y.shape, rows, columns):
        return
    try:
        down = _taps(rows, x.shape[1], mode, bilinear)
        along = _taps(columns, x.shape[2], mode, bilinear)
        with nogil:
            _forward(
                x.shape, &x[0, 0, 0, 0], y.shape, &y[0, 0, 0, 0], down, rows.shape[0], along,
                columns.shape[0], fill)
    finally:
        free(down)
        free(along)


def resample_bwd(
        const float[:, :, :, ::1] dy, float[:, :, :, ::1] dx, const double[:, ::1] rows,
        const double[:, ::1] columns, bint bilinear, str mode):
    """dx = the sum over the pixels of y of dy times the weight of x's pixel."""
    cdef tap *down = NULL
    cdef tap *along = NULL
    if not _fits("resample_bwd", dx.shape, dy.shape, rows, columns):
        if dx.size:
            dx[...] = 0
        return
    try:
        down = _taps(rows, dx.shape[1], mode, bilinear)
        along = _taps(columns, dx.shape[2], mode, bilinear)
        with nogil:
            _backward(
                dy.shape, &dy[0, 0, 0, 0], dx.shape, &dx[0, 0, 0, 0], down, rows.shape[0], along,
                columns.shape[0])
    finally:
        free(down)
        free(along)


cdef bint _fits(
        str where, const Py_ssize_t *x, const Py_ssize_t *y, const double[:, ::1] rows,
        const double[:, ::1] columns) except -1:
    """Check the shapes; returns whether there is anything to do."""
    if x[0] != y[0] or x[3] != y[3]:
        raise ValueError(
            f"{where}: x and y must have the same images and channels; received "
            f"{x[0], x[3]} and {y[0], y[3]}"
        )
    for what, points, n in (("rows", rows, y[1]), ("columns", columns, y[2])):
        if points.shape[0] not in (1, y[0]) or points.shape[1] != n:
            raise ValueError(
                f"{where}: {what} must have the shape {y[0], n} or {1, n}; "
                f"received {points.shape[0], points.shape[1]}"
            )
    if x[1] < 1 or x[2] < 1:
        raise ValueError(f"{where}: images must have a pixel; received {x[1]} x {x[2]}")
    return y[0] * y[1] * y[2] * y[3] > 0


cdef tap *_taps(
        const double[:, ::1] points, ptrdiff_t n, str mode, bint bilinear) except NULL:
    """The taps of every point, image by image; the caller frees them."""
    cdef ptrdiff_t i, j, length = points.shape[1]
    cdef int kind = FILL_MODES[mode]
    cdef tap *found = <tap *> malloc(points.shape[0] * length * sizeof(tap))
    if found == NULL:
        raise MemoryError("resample: no memory for the points")
    for i in range(points.shape[0]):
        for j in range(length):
            if not -LARGEST < points[i, j] < LARGEST:
                free(found)
                raise ValueError(
                    f"resample: points must be finite and below 2**31; received {points[i, j]}"
                )
            find_tap(points[i, j], n, kind, bilinear, &found[i * length + j])
    return found


cdef void _forward(
        const Py_ssize_t *sx, const pixel *x, const Py_ssize_t *sy, float *y, const tap *down,
        ptrdiff_t downs, const tap *along, ptrdiff_t alongs, float fill) noexcept nogil:
    cdef ptrdiff_t oh = sy[1], ow = sy[2], c = sy[3], image = sx[1] * sx[2] * c
    cdef ptrdiff_t item, n, i, j
    cdef const tap *at
    cdef const fc_merge *merge = merge_table()
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(4.0 * sy[0] * oh * ow * c)):
        state = flush_denormals()
        for item in prange(sy[0] * oh, schedule="static"):
            n = item // oh
            i = item % oh
            at = along + (n * ow if alongs > 1 else 0)
            for j in range(ow):
                mix(
                    merge, x + n * image, sx[2], c, &down[i + (n * oh if downs > 1 else 0)], at + j,
                    fill, y + (item * ow + j) * c)
        restore_denormals(state)


cdef void _backward(
        const Py_ssize_t *sy, const float *dy, const Py_ssize_t *sx, float *dx, const tap *down,
        ptrdiff_t downs, const tap *along, ptrdiff_t alongs) noexcept nogil:
    # One thread per image, or per block of its channels, so that the order of the sums is fixed.
    cdef ptrdiff_t oh = sy[1], ow = sy[2], c = sy[3], image = sx[1] * sx[2] * c
    cdef ptrdiff_t block = channels_of(sy[0], c), parts = (c + block - 1) // block
    cdef ptrdiff_t item, n, i, j, first, p
    cdef const fc_merge *merge = merge_table()
    cdef unsigned state = 0
    memset(dx, 0, sx[0] * image * sizeof(float))
    with parallel(num_threads=threads_for(4.0 * sy[0] * oh * ow * c)):
        state = flush_denormals()
        for item in prange(sy[0] * parts, schedule="static"):
            n = item // parts
            first = item % parts * block
            for i in range(oh):
                for j in range(ow):
                    p = (n * oh + i) * ow + j
                    spread(
                        merge, dy + p * c + first, min(block, c - first), sx[2], c,
                        &down[i + (n * oh if downs > 1 else 0)],
                        &along[j + (n * ow if alongs > 1 else 0)], dx + n * image + first)
        restore_denormals(state)
