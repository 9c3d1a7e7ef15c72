from libc.stddef cimport ptrdiff_t

from fastconv.kernels.winograd._table_winograd cimport fc_tile

# A window of any size and stride, cut into parts of `taps` taps with stride 1, along one axis.
#
# With stride s, the pixels of x fall into s phases, and the taps of a phase meet one phase only: the
# convolution is the sum of s convolutions with stride 1. A phase of the window that is longer than
# `taps` is cut into `pieces`, each a convolution of its own, of x shifted. Forward, the parts are
# summed as if they were further channels of the source: there are s * pieces of them. Backward to
# the data (`turned`), the pieces are parts of the source dy, and the s phases are parts of the
# target dx, each with taps of its own.
#
# Tiles have `points` points along the axis, and points - taps + 1 outputs. An axis with one tap and
# stride 1 has one point, which is not transformed.
ctypedef struct axis:
    ptrdiff_t window, stride, pad
    ptrdiff_t points, taps, pieces
    bint turned
    ptrdiff_t source, target  # pixels of the source and of the target
    ptrdiff_t extent          # positions of the parts' result: the target's pixels, or those of a phase

cdef inline ptrdiff_t outputs(const axis *a) noexcept nogil:
    """Of a tile."""
    return a.points - a.taps + 1

cdef inline ptrdiff_t source_parts(const axis *a) noexcept nogil:
    return a.pieces if a.turned else a.pieces * a.stride

cdef inline ptrdiff_t target_parts(const axis *a) noexcept nogil:
    return a.stride if a.turned else 1

# Position y, shifted by u in 0 .. taps - 1, meets pixel first + (y + u) * step of source part i; position y is pixel
# first + y * step of target part j.
cdef inline ptrdiff_t source_step(const axis *a) noexcept nogil:
    return 1 if a.turned else a.stride

cdef inline ptrdiff_t target_step(const axis *a) noexcept nogil:
    return a.stride if a.turned else 1

cdef ptrdiff_t source_first(const axis *a, ptrdiff_t i) noexcept nogil
cdef ptrdiff_t target_first(const axis *a, ptrdiff_t j) noexcept nogil

# The window's tap at shift u between source part i and target part j, or -1.
cdef ptrdiff_t tap_of(const axis *a, ptrdiff_t i, ptrdiff_t j, ptrdiff_t u) noexcept nogil

# Whether the part's filter has one tap less than others, so that its transform vanishes at one of
# the points: see `vanishing`.
cdef bint is_short(const axis *a, ptrdiff_t i, ptrdiff_t j) noexcept nogil

cdef inline ptrdiff_t vanishing(const axis *a) noexcept nogil:
    """The point where short filters vanish: infinity without the last tap, 0 without the first."""
    return 0 if a.turned else a.points - 1

cdef inline fc_tile tile_of(const axis *h, const axis *w) noexcept nogil:
    """What the micro-kernels need to know of the tiles."""
    cdef fc_tile t
    t.rows, t.columns = <int> h.points, <int> w.points
    t.taps = <int> (h.taps if h.points > 1 else w.taps)
    return t

# Both axes of a convolution of kc to nc channels, with the points and taps that make least work.
cdef void set_axes(
    axis *h, axis *w, ptrdiff_t kh, ptrdiff_t kw, ptrdiff_t sh, ptrdiff_t sw, ptrdiff_t pt,
    ptrdiff_t pl, ptrdiff_t ih, ptrdiff_t iw, ptrdiff_t oh, ptrdiff_t ow, ptrdiff_t kc, ptrdiff_t nc,
    bint turned) noexcept nogil

# The parts of both axes in one order, a snake through the rows, so that the parts that are not
# short along either axis follow each other, if there are two parts at most along each.
cdef inline ptrdiff_t row_of(const axis *w, ptrdiff_t part) noexcept nogil:
    return part // source_parts(w)

cdef inline ptrdiff_t column_of(const axis *w, ptrdiff_t part) noexcept nogil:
    cdef ptrdiff_t n = source_parts(w), at = part % n
    return at if part // n % 2 else n - 1 - at

# The source parts first .. last - 1 whose filters do not vanish at the point f, in the order of rows;
# perhaps none.
cdef void parts_at(
    const axis *h, const axis *w, ptrdiff_t f, ptrdiff_t *first, ptrdiff_t *last) noexcept nogil
