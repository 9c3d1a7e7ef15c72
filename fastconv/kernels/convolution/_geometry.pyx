"""Base of the convolution kernels: geometry, construction, and checks of arguments and shapes."""

from libc.stdint cimport uint8_t

from fastconv.kernels._sizes cimport larger
from fastconv.kernels.winograd._parts cimport axis, set_axes, source_first

cdef enum:
    LARGEST = 2147483647
    WIDEST = 16  # floats of a pixel in the direct kernels' copies, however few its channels

cdef double SPAN = 1 << 26  # floats that a thread may copy in any case: 256 MiB
cdef double SPAN_OF_MAPS = 16  # and times those of an image of x and y, in a larger one


cdef int set_geometry(
    geometry *g, ptrdiff_t ih, ptrdiff_t iw, ptrdiff_t ic, ptrdiff_t oc, ptrdiff_t kh, ptrdiff_t kw,
    ptrdiff_t sh, ptrdiff_t sw, ptrdiff_t dh, ptrdiff_t dw, ptrdiff_t pt, ptrdiff_t pl,
    ptrdiff_t oh, ptrdiff_t ow, ptrdiff_t groups, str where
) except -1:
    if min(ih, iw, ic, oc, kh, kw, sh, sw, dh, dw, oh, ow, groups) < 1 or pt <= -ih or pl <= -iw:
        raise ValueError(
            f"{where}: sizes, strides and dilations are at least 1, padding leaves something of x")
    if max(ih, iw, ic, oc, kh, kw, sh, sw, dh, dw, oh, ow) > LARGEST or max(pt, pl) > LARGEST:
        raise ValueError(f"{where}: sizes, strides, dilations and padding are at most {LARGEST}")
    if ic % groups or oc % groups:
        raise ValueError(f"{where}: groups must divide ic and oc; received {groups}, {ic}, {oc}")
    # What the kernels multiply stays far below 2**63 then; a row of outputs needs that much of x.
    cdef double reach_h = (kh - 1.0) * dh + 1, reach_w = (kw - 1.0) * dw + 1
    cdef double rows = (oh - 1.0) * sh + reach_h, columns = (ow - 1.0) * sw + reach_w
    if max(rows, columns, reach_h * columns * ic) > LARGEST:
        raise ValueError(
            f"{where}: the windows of a row of outputs must span at most {LARGEST} elements of the "
            f"padded input; received window {kh}x{kw}, strides {sh}x{sw}, dilation {dh}x{dw}, "
            f"input {ih}x{iw}x{ic}, output {oh}x{ow}")
    g.mb = 0
    g.ih, g.iw, g.ic, g.oc, g.kh, g.kw = ih, iw, ic, oc, kh, kw
    g.sh, g.sw, g.dh, g.dw, g.pt, g.pl = sh, sw, dh, dw, pt, pl
    g.oh, g.ow, g.groups = oh, ow, groups
    return 0


cdef int _expect(
    str where, str name, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3,
    const Py_ssize_t *shape
) except -1:
    if shape[0] != n0 or shape[1] != n1 or shape[2] != n2 or shape[3] != n3:
        raise ValueError(
            f"{where}: {name} must have the shape ({n0}, {n1}, {n2}, {n3}); "
            f"received ({shape[0]}, {shape[1]}, {shape[2]}, {shape[3]})")
    return 0


cdef int expect_weights(str where, const geometry *g, const Py_ssize_t *w, str name="w") except -1:
    return _expect(where, name, g.kh, g.kw, g.ic // g.groups, g.oc, w)


cdef int _expect_output(
    str where, str name, const geometry *g, bint pool, const Py_ssize_t *y
) except -1:
    cdef ptrdiff_t shrink = 2 if pool else 1
    return _expect(where, name, g.mb, g.oh // shrink, g.ow // shrink, g.oc, y)


cdef int expect_fwd(
    geometry *g, bint pool, const Py_ssize_t *x, const Py_ssize_t *w, const Py_ssize_t *y
) except -1:
    g.mb = x[0]
    _expect("conv2d", "x", g.mb, g.ih, g.iw, g.ic, x)
    expect_weights("conv2d", g, w)
    return _expect_output("conv2d", "y", g, pool, y)


cdef int expect_bwd_data(
    geometry *g, bint pool, const Py_ssize_t *dy, const Py_ssize_t *w, const Py_ssize_t *dx
) except -1:
    g.mb = dy[0]
    _expect_output("conv2d_backward", "dy", g, pool, dy)
    expect_weights("conv2d_backward", g, w)
    return _expect("conv2d_backward", "dx", g.mb, g.ih, g.iw, g.ic, dx)


cdef int expect_bwd_weights(
    geometry *g, bint pool, const Py_ssize_t *x, const Py_ssize_t *dy, const Py_ssize_t *dw
) except -1:
    g.mb = x[0]
    _expect("conv2d_backward", "x", g.mb, g.ih, g.iw, g.ic, x)
    _expect_output("conv2d_backward", "dy", g, pool, dy)
    return expect_weights("conv2d_backward", g, dw, "dw")


cdef const float *bias_in(const geometry *g, const float[::1] b) except? NULL:
    if b is None:
        return NULL
    if b.shape[0] != g.oc:
        raise ValueError(f"conv2d: b must have {g.oc} elements; received {b.shape[0]}")
    return &b[0]


cdef float *bias_out(const geometry *g, float[::1] db) except? NULL:
    if db is None:
        return NULL
    if db.shape[0] != g.oc:
        raise ValueError(f"conv2d_backward: db must have {g.oc} elements; received {db.shape[0]}")
    return &db[0]


cdef int expect_winners(
    str where, const geometry *g, bint pool, const Py_ssize_t *argmax
) except -1:
    return _expect_output(where, "argmax", g, pool, argmax)


cdef const uint8_t *winners_in(
    const geometry *g, bint pool, const uint8_t[:, :, :, ::1] argmax
) except? NULL:
    if not pool:
        return NULL
    if argmax is None:
        raise ValueError("conv2d_backward: pooling needs the argmax of the forward pass")
    expect_winners("conv2d_backward", g, pool, argmax.shape)
    return &argmax[0, 0, 0, 0] if g.mb else NULL


cdef int clear_weights(float[:, :, :, ::1] dw, float[::1] db) except -1:
    dw[...] = 0
    if db is not None:
        db[...] = 0
    return 0


cdef str _received(const geometry *g):
    return (
        f"received kernel {g.kh}x{g.kw}, stride {g.sh}x{g.sw}, dilation {g.dh}x{g.dw}, "
        f"{g.groups} groups, x {g.ih}x{g.iw}, y {g.oh}x{g.ow}")


cdef algorithm _algorithm(const geometry *g, str name, str where) except? DIRECT:
    cdef bint plain = g.sh == g.sw == g.groups == 1
    cdef bint whole = (
        g.kh == g.ih and g.kw == g.iw and g.oh == g.ow == g.groups == 1 and g.pt == g.pl == 0
        and (g.dh == 1 or g.kh == 1) and (g.dw == 1 or g.kw == 1))
    if name == "direct":
        return DIRECT
    if name == "gemm":
        if not (plain and g.kh == g.kw == 1 and g.oh == g.ih and g.ow == g.iw) and not whole:
            raise ValueError(
                f"{where}: algo 'gemm' is for 1x1 kernels with stride 1 and kernels of the map's size, "
                "no padding and one group; " + _received(g))
        return GEMM
    if name == "winograd":
        if not (
                g.dh == g.dw == g.groups == 1 and g.kh >= g.sh and g.kw >= g.sw
                and max(g.kh, g.kw) > 1):
            raise ValueError(
                f"{where}: algo 'winograd' is for kernels of at least the strides' size and two taps, no "
                "dilation and one group; " + _received(g))
        return WINOGRAD
    raise ValueError(
        f"{where}: algo must be 'direct', 'gemm' or 'winograd'; received {name!r}")


cdef int _check_pool(const geometry *g, algorithm chosen) except -1:
    """Windows of two by two must fill tiles of y, and no tile of dy may begin inside the map."""
    cdef axis h, w
    cdef bint fits = False
    if chosen == WINOGRAD and min(g.oh, g.ow) >= 2:
        set_axes(
            &h, &w, g.kh, g.kw, g.sh, g.sw, g.pt, g.pl, g.ih, g.iw, g.oh, g.ow, g.ic, g.oc,
            turned=False)
        fits = h.points == w.points == 6 and h.taps == 3
        set_axes(
            &h, &w, g.kh, g.kw, g.sh, g.sw, g.pt, g.pl, g.ih, g.iw, g.oh, g.ow, g.oc, g.ic,
            turned=True)
        fits = fits and source_first(&h, 0) <= 0 and source_first(&w, 0) <= 0
    if not fits:
        raise ValueError(
            "conv2d: pooling can be fused with algo 'winograd' in parts of 3x3, padding up to the rest "
            "of the part, and maps of at least 2x2; " + _received(g)
            + f", padding {g.pt}, {g.pl}")
    return 0


cdef int _check_span(const geometry *g, str where) except -1:
    """What the direct kernels copy is at least all that one row of outputs sees, zeros included.

    With long strides, dilations and much padding that can be gigabytes for a few pixels. All passes
    are held to the same rule, so that none refuses what another takes.
    """
    cdef double reach_h = (g.kh - 1.0) * g.dh + 1, reach_w = (g.kw - 1.0) * g.dw + 1
    cdef double of_x = reach_h * ((g.ow - 1.0) * g.sw + reach_w) * larger(g.ic, WIDEST)
    # backward to the data, each class of pixels modulo the strides reads dy
    cdef double of_dy = (reach_h / g.sh + 1) * ((g.iw + reach_w) / g.sw + 1) * g.oc
    cdef double maps = <double> g.ih * g.iw * g.ic + <double> g.oh * g.ow * g.oc
    if max(of_x, of_dy) > max(SPAN, SPAN_OF_MAPS * maps):
        raise ValueError(
            f"{where}: the windows of a row of outputs must span at most {<long long> SPAN} elements "
            f"of the padded input, or {<int> SPAN_OF_MAPS} times those of an image and its output; "
            f"received window {g.kh}x{g.kw}, strides {g.sh}x{g.sw}, dilation {g.dh}x{g.dw}, "
            f"input {g.ih}x{g.iw}x{g.ic}, output {g.oh}x{g.ow}x{g.oc}")
    return 0


cdef class Conv2DKernel:
    """One convolution, and how one of its passes is computed, for any batch size.

    `plan/algorithms.py` chooses the best algorithm for a shape; this class only rejects invalid
    combinations.

    Parameters
    ----------
    ih, iw, ic, oc, kh, kw, sh, sw, dh, dw, pt, pl, oh, ow, groups : int
        The geometry: see `_geometry.pxd`.
    algo : str
        "direct" (every geometry), "gemm" (1x1 with stride 1, or kernels of x's size; one group) or
        "winograd" (kernels of at least the strides' size, no dilation and one group).
    pool : bool
        Fuse 2x2 max pooling of y, stride 2 ("winograd" in parts of 3x3, as `_parts.pyx` cuts them).
    by_slices : bool
        For "winograd": slice by slice, which is faster for many channels, or block by block.
    where : str
        The operation that refuses what would be wrong, or has no memory.
    """

    def __init__(
        self, *, ptrdiff_t ih, ptrdiff_t iw, ptrdiff_t ic, ptrdiff_t oc, ptrdiff_t kh, ptrdiff_t kw,
        ptrdiff_t sh=1, ptrdiff_t sw=1, ptrdiff_t dh=1, ptrdiff_t dw=1, ptrdiff_t pt=0,
        ptrdiff_t pl=0, ptrdiff_t oh, ptrdiff_t ow, ptrdiff_t groups=1, str algo="direct",
        bint pool=False, bint by_slices=False, str where="conv2d",
    ):
        set_geometry(&self.g, ih, iw, ic, oc, kh, kw, sh, sw, dh, dw, pt, pl, oh, ow, groups, where)
        self.algo = algo
        self.chosen = _algorithm(&self.g, algo, where)
        if self.chosen == DIRECT:
            _check_span(&self.g, where)
        if pool:
            _check_pool(&self.g, self.chosen)
        if by_slices and self.chosen != WINOGRAD:
            raise ValueError(f"conv2d: by_slices is for algo 'winograd'; received {algo!r}")
        self.pool, self.by_slices, self.where = pool, by_slices, where
