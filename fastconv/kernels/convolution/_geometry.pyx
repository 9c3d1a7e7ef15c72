"""The geometry that the convolution kernels share, checked once at the door."""


cdef int set_geometry(
    geometry *g, ptrdiff_t ih, ptrdiff_t iw, ptrdiff_t ic, ptrdiff_t oc, ptrdiff_t kh, ptrdiff_t kw,
    ptrdiff_t sh, ptrdiff_t sw, ptrdiff_t dh, ptrdiff_t dw, ptrdiff_t pt, ptrdiff_t pl,
    ptrdiff_t oh, ptrdiff_t ow, ptrdiff_t groups
) except -1:
    if min(ih, iw, ic, oc, kh, kw, sh, sw, dh, dw, oh, ow, groups) < 1 or min(pt, pl) < 0:
        raise ValueError("conv2d: sizes, strides and dilations are at least 1, padding at least 0")
    if ic % groups or oc % groups:
        raise ValueError(f"conv2d: groups must divide ic and oc; received {groups}, {ic}, {oc}")
    g.mb = 0
    g.ih, g.iw, g.ic, g.oc, g.kh, g.kw = ih, iw, ic, oc, kh, kw
    g.sh, g.sw, g.dh, g.dw, g.pt, g.pl = sh, sw, dh, dw, pt, pl
    g.oh, g.ow, g.groups = oh, ow, groups
    return 0


cdef int expect(
    str where, str name, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3,
    const Py_ssize_t *shape
) except -1:
    if shape[0] != n0 or shape[1] != n1 or shape[2] != n2 or shape[3] != n3:
        raise ValueError(
            f"{where}: {name} must have the shape ({n0}, {n1}, {n2}, {n3}); "
            f"received ({shape[0]}, {shape[1]}, {shape[2]}, {shape[3]})")
    return 0


cdef algorithm set_algorithm(const geometry *g, str name) except? DIRECT:
    cdef bint plain = g.sh == g.sw == g.groups == 1
    cdef bint whole = (
        g.kh == g.ih and g.kw == g.iw and g.oh == g.ow == g.groups == 1 and g.pt == g.pl == 0)
    cdef str received = (
        f"received kernel {g.kh}x{g.kw}, stride {g.sh}x{g.sw}, dilation {g.dh}x{g.dw}, "
        f"{g.groups} groups, x {g.ih}x{g.iw}, y {g.oh}x{g.ow}")
    if name == "direct":
        return DIRECT
    if name == "gemm":
        if not (plain and g.kh == g.kw == 1 and g.oh == g.ih and g.ow == g.iw) and not whole:
            raise ValueError(
                "conv2d: algo 'gemm' is for 1x1 kernels with stride 1 and kernels of the map's size, "
                "no padding and one group; " + received)
        return GEMM
    if name == "winograd":
        if not (plain and g.dh == g.dw == 1 and g.kh == g.kw == 3):
            raise ValueError(
                "conv2d: algo 'winograd' is for 3x3 kernels with stride 1, no dilation and one "
                "group; " + received)
        return WINOGRAD
    raise ValueError(
        f"conv2d: algo must be 'direct', 'gemm' or 'winograd'; received {name!r}")


cdef int check_pool(const geometry *g, algorithm chosen) except -1:
    cdef ptrdiff_t pb = g.oh + 2 - g.ih - g.pt, pr = g.ow + 2 - g.iw - g.pl
    if chosen != WINOGRAD or max(g.pt, g.pl, pb, pr) > 2 or min(g.oh, g.ow) < 2:
        raise ValueError(
            "conv2d: pooling can be fused with algo 'winograd', padding up to 2 and maps of at "
            f"least 2x2; received y {g.oh}x{g.ow}, padding {g.pt}, {pb}, {g.pl}, {pr}")
    return 0
