"""How Winograd's method computes windows of any size and stride: in parts.

5x5 are four parts of 3x3 taps, F(4x4, 3x3) each, and 7x7 four of 4x4; 3x3 with stride 2 are four
parts of 2x2 taps over the four phases of the map, F(5x5, 2x2) or F(4x4, 2x2). 1x7 are two parts of 1x4 taps, F(5, 4)
along the row. The parts of a convolution share the input transform, the sum in the transformed
domain, and the inverse transform.
"""

from fastconv.kernels._sizes cimport ceil_div, larger, round_up

cdef enum:
    FULL = 16  # floats of the longest vectors
    SQUARES = 4
    LINES = 5

# The points and taps along an axis of the tiles that there are: squares, and rows and columns. See
# src/winograd.h.
cdef ptrdiff_t *SQUARE = [6, 2, 6, 3, 6, 4, 5, 2]
cdef ptrdiff_t *LINE = [6, 3, 6, 4, 8, 3, 8, 4, 8, 5]

# In multiply-adds of the direct method, by measurement: a value of a channel of a tile, forth or back,
# and the same through strides.
cdef double TRANSFORM = 300 / 36.0
cdef double STRIDED = 500 / 36.0


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
    axis *a, ptrdiff_t window, ptrdiff_t stride, ptrdiff_t pad, const ptrdiff_t *tile, ptrdiff_t x,
    ptrdiff_t y, bint turned
) noexcept nogil:
    cdef ptrdiff_t taps = 1 if window == 1 else tile[1]
    a.window, a.stride, a.pad, a.turned = window, stride, pad, turned
    a.points, a.taps = 1 if window == 1 else tile[0], taps
    a.pieces = ceil_div(ceil_div(window, stride), taps)
    a.source, a.target = (y, x) if turned else (x, y)
    a.extent = _floor_div(x - 1 + pad, stride) - _base(a) + 1 if turned else y


cdef ptrdiff_t _short_parts(const axis *a) noexcept nogil:
    """How many parts are left out at the vanishing point: see `parts_at` and `target_vanishes`."""
    cdef ptrdiff_t n = 0, i
    if source_parts(a) == 1:
        for i in range(target_parts(a)):
            n += is_short(a, 0, i)
    elif source_parts(a) == 2 and target_parts(a) == 1 and is_short(a, 1, 0):
        n = 2 if is_short(a, 0, 0) else 1
    return n


cdef double _points(const axis *h, const axis *w) noexcept nogil:
    """How many products a channel and a filter of a tile take, all parts together."""
    return (
        (<double> h.points * source_parts(h) * target_parts(h) - _short_parts(h))
        * (<double> w.points * source_parts(w) * target_parts(w) - _short_parts(w)))


cdef double _tiles(const axis *h, const axis *w) noexcept nogil:
    return ceil_div(h.extent, outputs(h)) * <double> ceil_div(w.extent, outputs(w))


cdef double _values(const axis *h, const axis *w, ptrdiff_t kc, ptrdiff_t nc) noexcept nogil:
    """How many floats an image's transformed tiles have, of the source and the target."""
    cdef double targets = <double> target_parts(h) * target_parts(w)
    cdef double sources = <double> source_parts(h) * source_parts(w)
    if kc < FULL:
        sources = round_up(<ptrdiff_t> sources * kc, FULL) / <double> kc  # side by side in vectors
    return _tiles(h, w) * h.points * w.points * (sources * kc + targets * round_up(nc, FULL))


cdef double _work(const axis *h, const axis *w, ptrdiff_t kc, ptrdiff_t nc) noexcept nogil:
    """An image's products and transforms, in multiply-adds."""
    cdef double transform = TRANSFORM if h.stride == w.stride == 1 else STRIDED
    return (
        _tiles(h, w) * _points(h, w) * kc * round_up(nc, FULL)
        + transform * _values(h, w, kc, nc))


cdef void set_axes(
    axis *h, axis *w, ptrdiff_t kh, ptrdiff_t kw, ptrdiff_t sh, ptrdiff_t sw, ptrdiff_t pt,
    ptrdiff_t pl, ptrdiff_t ih, ptrdiff_t iw, ptrdiff_t oh, ptrdiff_t ow, ptrdiff_t kc, ptrdiff_t nc,
    bint turned
) noexcept nogil:
    cdef axis other_h, other_w
    cdef ptrdiff_t i
    cdef bint line = kh == 1 or kw == 1
    cdef double work, least = 0
    if kh == kw == 3 and sh == sw == 1:
        # never in tiles of three, which fit some small maps better: pooling needs tiles of four, and
        # fused or apart has the same bits
        _set_axis(h, kh, sh, pt, SQUARE + 2, ih, oh, turned)
        _set_axis(w, kw, sw, pl, SQUARE + 2, iw, ow, turned)
        return
    for i in range(LINES if line else SQUARES):
        _set_axis(&other_h, kh, sh, pt, (LINE if line else SQUARE) + 2 * i, ih, oh, turned)
        _set_axis(&other_w, kw, sw, pl, (LINE if line else SQUARE) + 2 * i, iw, ow, turned)
        work = _work(&other_h, &other_w, kc, nc)
        if i == 0 or work < least:
            h[0], w[0], least = other_h, other_w, work


def winograd_work(
    *, ptrdiff_t ih, ptrdiff_t iw, ptrdiff_t ic, ptrdiff_t oc, ptrdiff_t kh, ptrdiff_t kw, ptrdiff_t sh,
    ptrdiff_t sw, ptrdiff_t pt, ptrdiff_t pl, ptrdiff_t oh, ptrdiff_t ow, bint turned, **_
):
    """How an image is convolved: (work, values, source, target, lead, filters, rows, columns).

    The work, products and transforms, is in multiply-adds of the direct method, which takes oh *
    ow * kh * kw * ic * oc of them; values is how many floats the transformed tiles have, and filters
    the same of the filters. Source and target are the channels of all parts; the lead is how far the
    tiles of the source begin before its first pixel, the least of both axes; rows and columns are the
    points of a tile along the axis and the taps of a part. `turned`: backward to the data; the gradient
    of the weights takes as much work as the forward pass. The window is at least as large as the
    strides.
    """
    cdef axis h, w
    cdef ptrdiff_t kc = oc if turned else ic, nc = ic if turned else oc
    set_axes(&h, &w, kh, kw, sh, sw, pt, pl, ih, iw, oh, ow, kc, nc, turned)
    return (
        _work(&h, &w, kc, nc), _values(&h, &w, kc, nc), source_parts(&h) * source_parts(&w) * kc,
        target_parts(&h) * target_parts(&w) * nc, -larger(source_first(&h, 0), source_first(&w, 0)),
        _points(&h, &w) * kc * nc, (h.points, h.taps), (w.points, w.taps))


cdef bint _second_is_short(const axis *a) noexcept nogil:
    return source_parts(a) == 2 and not is_short(a, 0, 0) and is_short(a, 1, 0)


cdef bint _all_are_short(const axis *a) noexcept nogil:
    cdef ptrdiff_t i
    for i in range(source_parts(a)):
        if not is_short(a, i, 0):
            return False
    return True


cdef void parts_at(
    const axis *h, const axis *w, ptrdiff_t f, ptrdiff_t *first, ptrdiff_t *last
) noexcept nogil:
    cdef ptrdiff_t rows = source_parts(h), columns = source_parts(w)
    cdef bint upper = f // w.points == vanishing(h), left = f % w.points == vanishing(w)
    first[0], last[0] = 0, rows * columns
    if target_parts(h) * target_parts(w) > 1:
        return
    if upper and _all_are_short(h) or left and _all_are_short(w):
        last[0] = 0
    elif rows <= 2 and columns <= 2:
        upper = upper and _second_is_short(h)  # only the parts of the first row
        left = left and _second_is_short(w)  # only those of the first column
        if left:
            first[0], last[0] = columns - 1, columns - 1 + rows
        if upper:
            last[0] = columns
