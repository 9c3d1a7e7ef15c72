# A point between pixels: which pixels it is mixed of, and what each is worth.
from libc.math cimport floor
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t

from fastconv.kernels._outside cimport place_inside

ctypedef fused source:
    uint8_t
    float


cdef struct tap:
    # Along one axis: two places, -1 for the fill value, and the weight of the second; where that is
    # 0 the second is not read.
    ptrdiff_t first
    ptrdiff_t second
    float weight


cdef inline void find_tap(
        double at, ptrdiff_t n, int kind, bint bilinear, tap *t) noexcept nogil:
    cdef double below = floor(at) if bilinear else floor(at + 0.5)
    t.first = place_inside(<ptrdiff_t> below, n, kind)
    t.second = t.first
    t.weight = 0
    if bilinear:
        t.weight = <float> (at - below)
        if t.weight:
            t.second = place_inside(<ptrdiff_t> below + 1, n, kind)


cdef inline ptrdiff_t channels_of(ptrdiff_t c) noexcept nogil:
    # Channels that are scattered together.
    return 16 if c >= 32 else c


cdef inline float one(
        const source *x, ptrdiff_t row, ptrdiff_t column, ptrdiff_t iw, ptrdiff_t c, ptrdiff_t k,
        float fill) noexcept nogil:
    if row < 0 or column < 0:
        return fill
    return <float> x[(row * iw + column) * c + k]


cdef inline void mix(
        const source *x, ptrdiff_t iw, ptrdiff_t c, const tap *r, const tap *s, float fill,
        float *y) noexcept nogil:
    # y[k] = the mixture of channel k over the pixels of the taps r (rows) and s (columns).
    cdef ptrdiff_t k
    cdef const source *a
    cdef const source *b
    cdef const source *d
    cdef const source *e
    cdef float wr = r.weight, ws = s.weight
    cdef float wa = (1 - wr) * (1 - ws), wb = (1 - wr) * ws, wd = wr * (1 - ws), we = wr * ws
    cdef float value
    if r.first < 0 or r.second < 0 or s.first < 0 or s.second < 0:
        for k in range(c):
            value = wa * one(x, r.first, s.first, iw, c, k, fill)
            if ws:
                value += wb * one(x, r.first, s.second, iw, c, k, fill)
            if wr:
                value += wd * one(x, r.second, s.first, iw, c, k, fill)
            if wr and ws:
                value += we * one(x, r.second, s.second, iw, c, k, fill)
            y[k] = value
        return
    a = x + (r.first * iw + s.first) * c
    b = x + (r.first * iw + s.second) * c
    d = x + (r.second * iw + s.first) * c
    e = x + (r.second * iw + s.second) * c
    if not wr and not ws:
        for k in range(c):
            y[k] = <float> a[k]
    elif not wr:
        for k in range(c):
            y[k] = wa * <float> a[k] + wb * <float> b[k]
    elif not ws:
        for k in range(c):
            y[k] = wa * <float> a[k] + wd * <float> d[k]
    else:
        for k in range(c):
            y[k] = (wa * <float> a[k] + wb * <float> b[k]) + (
                wd * <float> d[k] + we * <float> e[k])


cdef inline void spread(
        const float *dy, ptrdiff_t count, ptrdiff_t iw, ptrdiff_t c, const tap *r, const tap *s,
        float *dx) noexcept nogil:
    # The transpose of `mix`: dx += dy times the weight, for `count` of the c channels.
    cdef float wr = r.weight, ws = s.weight
    _add(dy, count, iw, c, r.first, s.first, (1 - wr) * (1 - ws), dx)
    if ws:
        _add(dy, count, iw, c, r.first, s.second, (1 - wr) * ws, dx)
    if wr:
        _add(dy, count, iw, c, r.second, s.first, wr * (1 - ws), dx)
    if wr and ws:
        _add(dy, count, iw, c, r.second, s.second, wr * ws, dx)


cdef inline void _add(
        const float *dy, ptrdiff_t count, ptrdiff_t iw, ptrdiff_t c, ptrdiff_t row,
        ptrdiff_t column, float weight, float *dx) noexcept nogil:
    cdef ptrdiff_t k
    cdef float *to
    if row < 0 or column < 0:
        return
    to = dx + (row * iw + column) * c
    for k in range(count):
        to[k] += weight * dy[k]
