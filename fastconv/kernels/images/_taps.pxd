# Interpolation at a point between pixels: the pixels to read, and their weights.
from libc.math cimport floor
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t

from fastconv.kernels._outside cimport index_inside
from fastconv.kernels.elementwise._table_merge cimport fc_merge

ctypedef fused source:
    uint8_t
    float


cdef struct tap:
    # Along one axis: two indices, -1 for the fill value, and the weight of the second; if that is 0
    # the second is not read.
    ptrdiff_t first
    ptrdiff_t second
    float weight


cdef inline void find_tap(
        double at, ptrdiff_t n, int kind, bint bilinear, tap *t) noexcept nogil:
    cdef double below = floor(at) if bilinear else floor(at + 0.5)
    t.first = index_inside(<ptrdiff_t> below, n, kind)
    t.second = t.first
    t.weight = 0
    if bilinear:
        t.weight = <float> (at - below)
        if t.weight:
            t.second = index_inside(<ptrdiff_t> below + 1, n, kind)


cdef enum:
    WIDE = 8  # channels from which on a micro-kernel call per pixel pays


cdef inline ptrdiff_t channels_of(ptrdiff_t mb, ptrdiff_t c) noexcept nogil:
    # Channels of an image per task: all, unless there are too few images for all threads.
    return 16 if mb < 16 and c >= 32 else c


cdef inline int corners(
        const tap *r, const tap *s, ptrdiff_t iw, ptrdiff_t c, ptrdiff_t *at,
        float *w) noexcept nogil:
    # Offsets of the pixels with nonzero weight of the taps r (rows) and s (columns), -1 for the
    # fill value, and their weights; returns their number.
    cdef int count = 1
    cdef float a = r.weight, b = s.weight
    at[0], w[0] = _begin(r.first, s.first, iw, c), (1 - a) * (1 - b)
    if b:
        at[count], w[count] = _begin(r.first, s.second, iw, c), (1 - a) * b
        count += 1
    if a:
        at[count], w[count] = _begin(r.second, s.first, iw, c), a * (1 - b)
        count += 1
    if a and b:
        at[count], w[count] = _begin(r.second, s.second, iw, c), a * b
        count += 1
    return count


cdef inline ptrdiff_t _begin(
        ptrdiff_t row, ptrdiff_t column, ptrdiff_t iw, ptrdiff_t c) noexcept nogil:
    return -1 if row < 0 or column < 0 else (row * iw + column) * c


cdef inline void mix(
        const fc_merge *kernels, const source *x, ptrdiff_t iw, ptrdiff_t c, const tap *r,
        const tap *s, float fill, float *y) noexcept nogil:
    # y[k] = the weighted sum of channel k over the pixels of the taps r (rows) and s (columns).
    cdef ptrdiff_t at[4]
    cdef float w[4]
    cdef const float *pixels[4]
    cdef int count, i
    cdef ptrdiff_t k
    cdef bint inside = r.first >= 0 and r.second >= 0 and s.first >= 0 and s.second >= 0
    count = 0
    if not inside or c >= WIDE:
        count = corners(r, s, iw, c, at, w)
    if inside:
        if source is float:
            if c >= WIDE:
                for i in range(count):
                    pixels[i] = x + at[i]
                kernels.mix(c, count, pixels, w, y)
                return
        _mix_inside(x, iw, c, r, s, y)
        return
    for k in range(c):
        y[k] = w[0] * (fill if at[0] < 0 else <float> x[at[0] + k])
    for i in range(1, count):
        for k in range(c):
            y[k] += w[i] * (fill if at[i] < 0 else <float> x[at[i] + k])


cdef inline void _mix_inside(
        const source *x, ptrdiff_t iw, ptrdiff_t c, const tap *r, const tap *s,
        float *y) noexcept nogil:
    cdef const source *a = x + (r.first * iw + s.first) * c
    cdef const source *b = x + (r.first * iw + s.second) * c
    cdef const source *d = x + (r.second * iw + s.first) * c
    cdef const source *e = x + (r.second * iw + s.second) * c
    cdef float wr = r.weight, ws = s.weight
    cdef float wa = (1 - wr) * (1 - ws), wb = (1 - wr) * ws, wd = wr * (1 - ws), we = wr * ws
    cdef ptrdiff_t k
    if not wr and not ws:
        for k in range(c):
            y[k] = <float> a[k]
    elif not wr:
        for k in range(c):
            y[k] = wa * <float> a[k] + wb * <float> b[k]
    elif not ws:
        for k in range(c):
            y[k] = wa * <float> a[k] + wd * <float> d[k]
    elif c == 3:  # a length known at compile time
        for k in range(3):
            y[k] = (wa * <float> a[k] + wb * <float> b[k]) + (
                wd * <float> d[k] + we * <float> e[k])
    else:
        for k in range(c):
            y[k] = (wa * <float> a[k] + wb * <float> b[k]) + (
                wd * <float> d[k] + we * <float> e[k])


cdef inline void spread(
        const fc_merge *kernels, const float *dy, ptrdiff_t count, ptrdiff_t iw, ptrdiff_t c,
        const tap *r, const tap *s, float *dx) noexcept nogil:
    # The transpose of `mix`: dx += weight * dy, for `count` of the c channels.
    cdef ptrdiff_t at[4]
    cdef float w[4]
    cdef float *to[4]
    cdef int found = corners(r, s, iw, c, at, w), inside = 0, i
    cdef ptrdiff_t k
    for i in range(found):
        if at[i] >= 0:
            to[inside], w[inside] = dx + at[i], w[i]
            inside += 1
    if count >= WIDE:
        kernels.spread(count, inside, dy, w, to)
        return
    for i in range(inside):
        for k in range(count):
            to[i][k] += w[i] * dy[k]
