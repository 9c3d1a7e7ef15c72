"""Images under one affine map per image: rotated, sheared.

y[n, i, j] is x[n] at row m[3] j + m[4] i + m[5] and column m[0] j + m[1] i + m[2], for the image's
six coefficients m, in pixels: the maps of Keras and TensorFlow, from the output to the input.
Shapes, interpolation, edges and errors are those of `resample`.
"""

from cython.parallel cimport parallel, prange
from libc.math cimport fabs
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t
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


def resample_affine(
        const pixel[:, :, :, ::1] x, float[:, :, :, ::1] y, const double[:, ::1] maps,
        bint bilinear, str mode, float fill, str where="resample_affine"):
    """y = x under each image's map, (mb, 6)."""
    cdef int kind = FILL_MODES[mode]
    if _fits(where, x.shape, y.shape, maps):
        with nogil:
            _forward(
                x.shape, &x[0, 0, 0, 0], y.shape, &y[0, 0, 0, 0], &maps[0, 0], bilinear, kind,
                fill)


def resample_affine_bwd(
        const float[:, :, :, ::1] dy, float[:, :, :, ::1] dx, const double[:, ::1] maps,
        bint bilinear, str mode, str where="resample_affine_bwd"):
    """dx = the sum over y's pixels of dy, times the weight of x's pixel in them."""
    cdef int kind = FILL_MODES[mode]
    if _fits(where, dx.shape, dy.shape, maps):
        with nogil:
            _backward(
                dy.shape, &dy[0, 0, 0, 0], dx.shape, &dx[0, 0, 0, 0], &maps[0, 0], bilinear, kind)
    elif dx.size:
        dx[...] = 0


cdef bint _fits(
        str where, const Py_ssize_t *x, const Py_ssize_t *y, const double[:, ::1] maps) except -1:
    """Check the shapes and maps; returns whether there is anything to do."""
    cdef ptrdiff_t n, k
    cdef double bound
    if x[0] != y[0] or x[3] != y[3]:
        raise ValueError(
            f"{where}: x and y must have the same images and channels; received "
            f"{x[0], x[3]} and {y[0], y[3]}"
        )
    if maps.shape[0] != y[0] or maps.shape[1] != 6:
        raise ValueError(
            f"{where}: maps must have the shape {y[0], 6}; "
            f"received {maps.shape[0], maps.shape[1]}"
        )
    if x[1] < 1 or x[2] < 1:
        raise ValueError(f"{where}: images must have a pixel; received {x[1]} x {x[2]}")
    for n in range(maps.shape[0]):
        for k in range(0, 6, 3):
            bound = fabs(maps[n, k]) * y[2] + fabs(maps[n, k + 1]) * y[1] + fabs(maps[n, k + 2])
            if not bound < LARGEST:
                raise ValueError(
                    f"{where}: maps must be finite and lead to places below 2**31; received "
                    f"{[maps[n, i] for i in range(6)]}"
                )
    return y[0] * y[1] * y[2] * y[3] > 0


cdef inline void _find(
        const double *m, ptrdiff_t i, ptrdiff_t j, const Py_ssize_t *sx, bint bilinear, int kind,
        tap *row, tap *column) noexcept nogil:
    find_tap(m[3] * j + m[4] * i + m[5], sx[1], kind, bilinear, row)
    find_tap(m[0] * j + m[1] * i + m[2], sx[2], kind, bilinear, column)


cdef void _forward(
        const Py_ssize_t *sx, const pixel *x, const Py_ssize_t *sy, float *y, const double *maps,
        bint bilinear, int kind, float fill) noexcept nogil:
    cdef ptrdiff_t oh = sy[1], item
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(16.0 * sy[0] * oh * sy[2] * sy[3])):
        state = flush_denormals()
        for item in prange(sy[0] * oh, schedule="static"):
            _row(
                sx, x + item // oh * sx[1] * sx[2] * sx[3], sy, item % oh, maps + item // oh * 6,
                bilinear, kind, fill, y + item * sy[2] * sy[3])
        restore_denormals(state)


cdef void _row(
        const Py_ssize_t *sx, const pixel *x, const Py_ssize_t *sy, ptrdiff_t i, const double *m,
        bint bilinear, int kind, float fill, float *y) noexcept nogil:
    cdef ptrdiff_t j
    cdef tap row, column
    cdef const fc_merge *merge = merge_table()
    for j in range(sy[2]):
        _find(m, i, j, sx, bilinear, kind, &row, &column)
        mix(merge, x, sx[2], sx[3], &row, &column, fill, y + j * sy[3])


cdef void _backward(
        const Py_ssize_t *sy, const float *dy, const Py_ssize_t *sx, float *dx, const double *maps,
        bint bilinear, int kind) noexcept nogil:
    # One thread per image, or per block of its channels, so that the order of the sums is fixed.
    cdef ptrdiff_t c = sy[3], image = sx[1] * sx[2] * c, item, n, first
    cdef ptrdiff_t block = channels_of(sy[0], c), parts = (c + block - 1) // block
    cdef unsigned state = 0
    memset(dx, 0, sx[0] * image * sizeof(float))
    with parallel(num_threads=threads_for(16.0 * sy[0] * sy[1] * sy[2] * c)):
        state = flush_denormals()
        for item in prange(sy[0] * parts, schedule="static"):
            n = item // parts
            first = item % parts * block
            _image(
                sy, dy + n * sy[1] * sy[2] * c + first, min(block, c - first), sx, maps + n * 6,
                bilinear, kind, dx + n * image + first)
        restore_denormals(state)


cdef void _image(
        const Py_ssize_t *sy, const float *dy, ptrdiff_t count, const Py_ssize_t *sx,
        const double *m, bint bilinear, int kind, float *dx) noexcept nogil:
    cdef ptrdiff_t i, j
    cdef tap row, column
    cdef const fc_merge *merge = merge_table()
    for i in range(sy[1]):
        for j in range(sy[2]):
            _find(m, i, j, sx, bilinear, kind, &row, &column)
            spread(
                merge, dy + (i * sy[2] + j) * sy[3], count, sx[2], sy[3], &row, &column, dx)
