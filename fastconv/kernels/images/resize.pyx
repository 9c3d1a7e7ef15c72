"""Images resized with separable filters: bicubic, Lanczos, or antialiased.

y[n, i, j] = the sum over k and l of down[i, k] * along[j, l] * x[n, top[i] + k, left[j] + l]: first over
the rows, then over the columns. Terms of weight 0 are skipped, so that NaN and infinities do not
spread.

x (mb, ih, iw, c) is uint8 or float32, y (mb, oh, ow, c) float32, overwritten; top (oh,),
down (oh, kh), left (ow,), along (ow, kw). Errors: ValueError for invalid shapes or indices.
"""

from cython.parallel cimport parallel, prange
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memset

from fastconv.kernels._isa cimport FC_OWN, flush_denormals, restore_denormals, scratch
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.elementwise._table_elementwise cimport elementwise_table
from fastconv.kernels.elementwise._table_merge cimport fc_merge, merge_table

ctypedef fused pixel:
    uint8_t
    float

cdef enum:
    WIDE = 8  # channels from which on a micro-kernel call per pixel pays


cdef struct axis:
    # For each of `size` outputs, the first of its `taps` inputs, and their weights.
    ptrdiff_t size
    ptrdiff_t taps
    const int64_t *first
    const float *weights


def resize(
        const pixel[:, :, :, ::1] x, float[:, :, :, ::1] y, const int64_t[::1] top,
        const float[:, ::1] down, const int64_t[::1] left, const float[:, ::1] along):
    """y = x filtered with the weights `down` over its rows and `along` over its columns."""
    cdef axis rows, columns
    cdef int failed = 0
    if _fits("resize", x.shape, y.shape, top, down, left, along):
        rows, columns = _axis(top, down), _axis(left, along)
        with nogil:
            failed = _forward(x.shape, &x[0, 0, 0, 0], &rows, &columns, &y[0, 0, 0, 0])
        if failed:
            raise MemoryError("resize: no memory for a row")


def resize_bwd(
        const float[:, :, :, ::1] dy, float[:, :, :, ::1] dx, const int64_t[::1] top,
        const float[:, ::1] down, const int64_t[::1] left, const float[:, ::1] along):
    """dx = the sum over the pixels of y of dy times the weight of x's pixel."""
    cdef axis rows, columns
    cdef int failed = 0
    if _fits("resize_bwd", dx.shape, dy.shape, top, down, left, along):
        rows, columns = _axis(top, down), _axis(left, along)
        with nogil:
            failed = _backward(dx.shape, &dy[0, 0, 0, 0], &rows, &columns, &dx[0, 0, 0, 0])
        if failed:
            raise MemoryError("resize_bwd: no memory for a row")
    elif dx.size:
        dx[...] = 0


cdef axis _axis(const int64_t[::1] first, const float[:, ::1] weights):
    cdef axis found
    found.size, found.taps = weights.shape[0], weights.shape[1]
    found.first, found.weights = &first[0], &weights[0, 0]
    return found


cdef bint _fits(
        str where, const Py_ssize_t *x, const Py_ssize_t *y, const int64_t[::1] top,
        const float[:, ::1] down, const int64_t[::1] left, const float[:, ::1] along) except -1:
    """Check the shapes; returns whether there is anything to do."""
    if x[0] != y[0] or x[3] != y[3]:
        raise ValueError(
            f"{where}: x and y must have the same images and channels; received "
            f"{x[0], x[3]} and {y[0], y[3]}"
        )
    _inside(where, "rows", top, down, x[1], y[1])
    _inside(where, "columns", left, along, x[2], y[2])
    return y[0] * y[1] * y[2] * y[3] > 0


cdef int _inside(
        str where, str what, const int64_t[::1] first, const float[:, ::1] weights, ptrdiff_t n,
        ptrdiff_t size) except -1:
    cdef ptrdiff_t i, taps = weights.shape[1]
    if first.shape[0] != size or weights.shape[0] != size or not 1 <= taps <= n:
        raise ValueError(
            f"{where}: there must be 1 to {n} weights for each of the {size} {what}; received "
            f"{weights.shape[0], taps} weights and {first.shape[0]} places"
        )
    for i in range(size):
        if not 0 <= first[i] <= n - taps:
            raise ValueError(
                f"{where}: the {what} of x must be read from 0 to {n - taps} on; "
                f"received {first[i]}"
            )
    return 0


cdef int _forward(
        const Py_ssize_t *sx, const pixel *x, const axis *rows, const axis *columns,
        float *y) noexcept nogil:
    cdef ptrdiff_t c = sx[3], row = sx[2] * c, oh = rows.size, ow = columns.size, item
    cdef unsigned state = 0
    cdef int failed = 0
    with parallel(num_threads=threads_for(
            1.0 * sx[0] * oh * (rows.taps * row + columns.taps * ow * c))):
        state = flush_denormals()
        for item in prange(sx[0] * oh, schedule="static"):
            failed |= _row(
                c, row, x + (item // oh * sx[1] + rows.first[item % oh]) * row, rows.taps,
                rows.weights + item % oh * rows.taps, columns, y + item * ow * c)
        restore_denormals(state)
    return failed


cdef int _row(
        ptrdiff_t c, ptrdiff_t row, const pixel *x, ptrdiff_t taps, const float *weights,
        const axis *columns, float *y) noexcept nogil:
    """A row of y from `taps` rows of x: first their weighted sum, then along the row."""
    cdef const fc_merge *ks = merge_table()
    cdef ptrdiff_t k, j, q
    cdef float *mixture = <float *> scratch(FC_OWN, 2 * row * sizeof(float))
    cdef const float *source
    cdef const float *from_here
    cdef float w
    if mixture == NULL:
        return -1
    memset(mixture, 0, row * sizeof(float))
    for k in range(taps):
        if weights[k]:
            if pixel is float:
                source = x + k * row
            else:
                elementwise_table().affine_u8(row, x + k * row, mixture + row, 1, 0)
                source = mixture + row
            ks.spread(row, 1, source, &weights[k], &mixture)
    if c == 3:
        _colors(columns, mixture, y)
        return 0
    memset(y, 0, columns.size * c * sizeof(float))
    for j in range(columns.size):
        from_here = mixture + columns.first[j] * c
        for k in range(columns.taps):
            w = columns.weights[j * columns.taps + k]
            if w and c >= WIDE:
                ks.spread(c, 1, from_here + k * c, &w, &y)
            elif w:
                for q in range(c):
                    y[q] += w * from_here[k * c + q]
        y += c
    return 0


cdef void _colors(const axis *columns, const float *x, float *y) noexcept nogil:
    """A row of y from the weighted sum x of rows: three channels, whose sums stay in registers."""
    cdef ptrdiff_t j, k
    cdef const float *from_here
    cdef float w, red, green, blue
    for j in range(columns.size):
        from_here = x + columns.first[j] * 3
        red = green = blue = 0
        for k in range(columns.taps):
            w = columns.weights[j * columns.taps + k]
            if w:
                red += w * from_here[3 * k]
                green += w * from_here[3 * k + 1]
                blue += w * from_here[3 * k + 2]
        y[3 * j], y[3 * j + 1], y[3 * j + 2] = red, green, blue


cdef int _backward(
        const Py_ssize_t *sx, const float *dy, const axis *rows, const axis *columns,
        float *dx) noexcept nogil:
    # One thread per image, so that the order of the sums is fixed.
    cdef ptrdiff_t c = sx[3], row = sx[2] * c, oh = rows.size, ow = columns.size, n
    cdef unsigned state = 0
    cdef int failed = 0
    with parallel(num_threads=threads_for(
            1.0 * sx[0] * oh * (rows.taps * row + columns.taps * ow * c))):
        state = flush_denormals()
        for n in prange(sx[0], schedule="static"):
            failed |= _image(
                c, row, dy + n * oh * ow * c, rows, columns, sx[1] * row, dx + n * sx[1] * row)
        restore_denormals(state)
    return failed


cdef int _image(
        ptrdiff_t c, ptrdiff_t row, const float *dy, const axis *rows, const axis *columns,
        ptrdiff_t size, float *dx) noexcept nogil:
    """dx (size,) of an image: each row of dy is first scattered along a row, then over rows."""
    cdef const fc_merge *ks = merge_table()
    cdef ptrdiff_t i, j, k, q
    cdef float *spread = <float *> scratch(FC_OWN, row * sizeof(float))
    cdef float *to
    cdef float w
    if spread == NULL:
        return -1
    memset(dx, 0, size * sizeof(float))
    for i in range(rows.size):
        memset(spread, 0, row * sizeof(float))
        for j in range(columns.size):
            for k in range(columns.taps):
                w = columns.weights[j * columns.taps + k]
                to = spread + (columns.first[j] + k) * c
                if w and c >= WIDE:
                    ks.spread(c, 1, dy, &w, &to)
                elif w:
                    for q in range(c):
                        to[q] += w * dy[q]
            dy += c
        for k in range(rows.taps):
            if rows.weights[i * rows.taps + k]:
                to = dx + (rows.first[i] + k) * row
                ks.spread(row, 1, spread, &rows.weights[i * rows.taps + k], &to)
    return 0
