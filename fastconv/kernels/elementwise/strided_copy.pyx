"""Copies between float32 arrays of equal shape and any strides, for concatenation, padding,
cropping, transposition and repetition.

`source` may be a broadcast view (strides of 0) and either may be transposed, sliced or reversed;
they must not overlap. Errors: ValueError for another dtype or a different shape; TypeError if
`source` or `target` is not an array, BufferError if `target` is read-only.
"""

from cpython.buffer cimport (
    PyBUF_FORMAT, PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer,
)
from cython.parallel cimport parallel, prange
from libc.stddef cimport ptrdiff_t
from libc.string cimport memcpy

from fastconv.kernels._blocks cimport BLOCK, blocks_of
from fastconv.kernels._threads cimport threads_for

cdef enum:
    AXES = 12
    TILE = 16  # of a transposition: the floats of a cache line

# Work units (see _threads) per element
cdef double UNITS = 4.0


cdef struct walk:
    # The axes after merging, outermost first; strides in floats. The last one has the target's
    # smallest stride; `across`: the source is contiguous along the last but one.
    int n
    bint across
    ptrdiff_t size[AXES]
    ptrdiff_t from_[AXES]
    ptrdiff_t to[AXES]


def strided_copy(source, target):
    """target[...] = source."""
    cdef Py_buffer a, b
    cdef walk w
    PyObject_GetBuffer(source, &a, PyBUF_STRIDES | PyBUF_FORMAT)
    try:
        PyObject_GetBuffer(target, &b, PyBUF_STRIDES | PyBUF_FORMAT | PyBUF_WRITABLE)
        try:
            _check(&a, &b)
            if a.len:
                _plan(&a, &b, &w)
                with nogil:
                    _run(&w, <const float *> a.buf, <float *> b.buf)
        finally:
            PyBuffer_Release(&b)
    finally:
        PyBuffer_Release(&a)


cdef int _check(const Py_buffer *a, const Py_buffer *b) except -1:
    cdef int i
    for view in (a.format, b.format):
        if (<bytes> view) != b"f":
            raise ValueError(f"strided_copy: arrays must be float32; received format {view!r}")
    if a.ndim > AXES:
        raise ValueError(f"strided_copy: at most {AXES} axes; received {a.ndim}")
    same = a.ndim == b.ndim
    for i in range(a.ndim if same else 0):
        same = same and a.shape[i] == b.shape[i]
    if not same:
        one = tuple([a.shape[i] for i in range(a.ndim)])
        other = tuple([b.shape[i] for i in range(b.ndim)])
        raise ValueError(f"strided_copy: shapes must be the same; received {one} and {other}")
    return 0


cdef int _plan(const Py_buffer *a, const Py_buffer *b, walk *w) except -1:
    """Fill w: sort the axes by the target's strides and merge those that are contiguous."""
    cdef int i, j, n = 0
    cdef ptrdiff_t size, from_, to
    for i in range(a.ndim):
        size, from_, to = a.shape[i], a.strides[i], b.strides[i]
        if size == 1:
            continue
        if from_ % 4 or to % 4 or not to:
            raise ValueError(
                "strided_copy: strides must be whole floats, those of the target not 0; "
                f"received {from_} and {to} bytes"
            )
        j = n  # from the largest stride of the target to the smallest
        while j > 0 and abs(w.to[j - 1]) < abs(to // 4):
            w.size[j], w.from_[j], w.to[j] = w.size[j - 1], w.from_[j - 1], w.to[j - 1]
            j -= 1
        w.size[j], w.from_[j], w.to[j] = size, from_ // 4, to // 4
        n += 1
    w.n = 0
    for i in range(n):
        j = w.n - 1
        if j >= 0 and _one_axis(w, j, i):
            w.size[j] *= w.size[i]
            w.from_[j], w.to[j] = w.from_[i], w.to[i]
        else:
            w.size[w.n], w.from_[w.n], w.to[w.n] = w.size[i], w.from_[i], w.to[i]
            w.n += 1
    while w.n < 2:  # the two innermost axes are copied as one block
        for j in range(w.n, 0, -1):
            w.size[j], w.from_[j], w.to[j] = w.size[j - 1], w.from_[j - 1], w.to[j - 1]
        w.size[0], w.from_[0], w.to[0] = 1, 0, 0
        w.n += 1
    _put_across(w)
    return 0


cdef bint _one_axis(const walk *w, int outer, int inner) noexcept nogil:
    cdef ptrdiff_t n = w.size[inner]
    return w.from_[outer] == n * w.from_[inner] and w.to[outer] == n * w.to[inner]


cdef void _put_across(walk *w) noexcept nogil:
    """For a transposition, make the axis along which the source is contiguous the last but one."""
    cdef int i, last = w.n - 1
    cdef ptrdiff_t size, to
    w.across = False
    if w.from_[last] == 0 or w.from_[last] == 1 or w.to[last] != 1:
        return
    for i in range(last):
        if w.from_[i] == 1:
            size, to = w.size[i], w.to[i]
            w.size[i], w.from_[i], w.to[i] = w.size[last - 1], w.from_[last - 1], w.to[last - 1]
            w.size[last - 1], w.from_[last - 1], w.to[last - 1] = size, 1, to
            w.across = True
            return


cdef void _run(const walk *w, const float *source, float *target) noexcept nogil:
    cdef int r = w.n - 2, c = w.n - 1, axis
    cdef ptrdiff_t columns = min(w.size[c], BLOCK)
    cdef ptrdiff_t rows = min(w.size[r], max(TILE, BLOCK // columns))
    cdef ptrdiff_t row_blocks = blocks_of(w.size[r], rows)
    cdef ptrdiff_t column_blocks = blocks_of(w.size[c], columns)
    cdef ptrdiff_t items = row_blocks * column_blocks
    cdef ptrdiff_t i, at, from_, to, r0, c0
    cdef double work = UNITS * w.size[r] * w.size[c]
    for axis in range(r):
        items *= w.size[axis]
        work *= w.size[axis]
    with parallel(num_threads=threads_for(work)):
        for i in prange(items, schedule="static"):
            at = i
            c0 = at % column_blocks * columns
            at = at // column_blocks
            r0 = at % row_blocks * rows
            at = at // row_blocks
            from_ = r0 * w.from_[r] + c0 * w.from_[c]
            to = r0 * w.to[r] + c0 * w.to[c]
            for axis in range(r - 1, -1, -1):
                from_ = from_ + at % w.size[axis] * w.from_[axis]
                to = to + at % w.size[axis] * w.to[axis]
                at = at // w.size[axis]
            _copy_block(
                w, min(rows, w.size[r] - r0), min(columns, w.size[c] - c0),
                source + from_, target + to)


cdef void _copy_block(
        const walk *w, ptrdiff_t rows, ptrdiff_t columns, const float *source,
        float *target) noexcept nogil:
    cdef ptrdiff_t fr = w.from_[w.n - 2], fc = w.from_[w.n - 1]
    cdef ptrdiff_t tr = w.to[w.n - 2], tc = w.to[w.n - 1]
    cdef ptrdiff_t i, j, i0, j0
    if fc == 1 and tc == 1 and columns >= TILE:
        for i in range(rows):
            memcpy(target + i * tr, source + i * fr, columns * sizeof(float))
    elif w.across:  # tiles whose source and target stay in the L1 cache
        for i0 in range(blocks_of(rows, TILE)):
            for j0 in range(blocks_of(columns, TILE)):
                for i in range(i0 * TILE, min(i0 * TILE + TILE, rows)):
                    for j in range(j0 * TILE, min(j0 * TILE + TILE, columns)):
                        target[i * tr + j] = source[i + j * fc]
    elif tc == 1:
        for i in range(rows):
            for j in range(columns):
                target[i * tr + j] = source[i * fr + j * fc]
    else:
        for i in range(rows):
            for j in range(columns):
                target[i * tr + j * tc] = source[i * fr + j * fc]
