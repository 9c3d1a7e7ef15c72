"""How Winograd's method with tiles of six computes windows of any size and stride: in parts.

5x5 are four parts of 3x3 taps, F(4x4, 3x3) each, and 7x7 four of 4x4; 3x3 with stride 2 are four
parts of 2x2 taps over the four phases of the map, F(5x5, 2x2). The parts of a convolution share the
input transform, the sum in the transformed domain, and the inverse transform.
"""

from fastconv.kernels.convolution._geometry cimport ceil_div

cdef enum:
    FEWEST_TAPS = 2
    MOST_TAPS = 4


cdef inline ptrdiff_t _floor_div(ptrdiff_t a, ptrdiff_t b) noexcept nogil:
    return a // b if a >= 0 else -ceil_div(-a, b)


cdef ptrdiff_t _base(const axis *a) noexcept nogil:
    """Where a row of dy meets the first row of x's first phase, with tap 0."""
    return _floor_div(a.pad, a.stride)


cdef ptrdiff_t source_first(const axis *a, ptrdiff_t i) noexcept nogil:
    if a.turned:
        return _base(a) - i * a.taps - (a.taps - 1)
    return i // a.stride * a.taps * a.stride + i % a.stride - a.pad


cdef ptrdiff_t target_first(const axis *a, ptrdiff_t j) noexcept nogil:
    return j - a.pad + a.stride * _base(a) if a.turned else 0


cdef ptrdiff_t tap_of(const axis *a, ptrdiff_t i, ptrdiff_t j, ptrdiff_t u) noexcept nogil:
    cdef ptrdiff_t tap
    if a.turned:
        tap = j + a.stride * (i * a.taps + a.taps - 1 - u)
    else:
        tap = i % a.stride + a.stride * (i // a.stride * a.taps + u)
    return tap if tap < a.window else -1


cdef bint is_short(const axis *a, ptrdiff_t i, ptrdiff_t j) noexcept nogil:
    return tap_of(a, i, j, 0 if a.turned else a.taps - 1) < 0


cdef void _set_axis(
    axis *a, ptrdiff_t window, ptrdiff_t stride, ptrdiff_t pad, ptrdiff_t taps, ptrdiff_t x, ptrdiff_t y,
    bint turned
) noexcept nogil:
    a.window, a.stride, a.pad, a.taps, a.turned = window, stride, pad, taps, turned
    a.pieces = ceil_div(ceil_div(window, stride), taps)
    a.source, a.target = (y, x) if turned else (x, y)
    a.extent = _floor_div(x - 1 + pad, stride) - _base(a) + 1 if turned else y


cdef void set_axes(
    axis *h, axis *w, ptrdiff_t kh, ptrdiff_t kw, ptrdiff_t sh, ptrdiff_t sw, ptrdiff_t pt,
    ptrdiff_t pl, ptrdiff_t ih, ptrdiff_t iw, ptrdiff_t oh, ptrdiff_t ow, bint turned
) noexcept nogil:
    cdef ptrdiff_t taps, best = 0
    cdef double cost, least = 0
    for taps in range(FEWEST_TAPS, MOST_TAPS + 1):
        # 36 products for each part and tile of (7 - taps) squared
        cost = <double> ceil_div(ceil_div(kh, sh), taps) * ceil_div(ceil_div(kw, sw), taps)
        cost /= (7 - taps) * (7 - taps)
        if best == 0 or cost < least:
            best, least = taps, cost
    _set_axis(h, kh, sh, pt, best, ih, oh, turned)
    _set_axis(w, kw, sw, pl, best, iw, ow, turned)


cdef bint _second_is_short(const axis *a) noexcept nogil:
    return source_parts(a) == 2 and not is_short(a, 0, 0) and is_short(a, 1, 0)


cdef void parts_at(
    const axis *h, const axis *w, ptrdiff_t f, ptrdiff_t *first, ptrdiff_t *last
) noexcept nogil:
    cdef ptrdiff_t rows = source_parts(h), columns = source_parts(w)
    cdef bint upper, left
    first[0], last[0] = 0, rows * columns
    if rows > 2 or columns > 2 or target_parts(h) * target_parts(w) > 1:
        return
    upper = f // 6 == vanishing(h) and _second_is_short(h)  # only the parts of the first row
    left = f % 6 == vanishing(w) and _second_is_short(w)  # only those of the first column
    if left:
        first[0], last[0] = columns - 1, columns - 1 + rows
    if upper:
        last[0] = columns
