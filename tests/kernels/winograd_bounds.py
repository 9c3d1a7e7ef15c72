"""How far Winograd's method may round, for windows of any size and stride, from its definition.

Along each axis a window is cut into parts of r taps with stride 1, one or more for each phase of
the stride. With points a_0 ... a_4 and infinity, a tile of m = 7 - r outputs of a part is
A' ((G g G') * (B' d B)) A for filters g and data d. The products are summed over channels and
parts, so that n roundings on the way cannot move an output by more than n * eps * the sum over them
of |A|' ((|G| |g| |G|') * (|B|' |d| |B|)) |A|. Scaling G against B, as an implementation may, does
not change this.

Nothing here is taken from the kernels but where tiles begin: at the first output and, backward to
the data, at the gradient's row that meets the map's first row with the least tap.
"""

from typing import NamedTuple

import numpy as np
from kernel_checks import EPS, bound

from fastconv.kernels.winograd._parts import winograd_work
from fastconv.plan.algorithms import make_conv2d_kernel

POINTS = (0, 5 / 8, -5 / 8, 3 / 2, -3 / 2)
ROUNDINGS = 2 * (6 + 6 + 4) + 4  # of both transforms and the inverse, two dimensions each


def matrices(outputs, taps):
    """A (6, outputs), G (6, taps), B (6, 6) of the one-dimensional method."""
    a = np.vander(POINTS, outputs, increasing=True)
    g = np.vander(POINTS, taps, increasing=True)
    b = []
    for point in POINTS:
        others = [other for other in POINTS if other != point]
        g[POINTS.index(point)] /= np.prod([point - other for other in others])
        b.append([*np.poly(others)[::-1], 0])
    b.append(np.poly(POINTS)[::-1])
    return np.vstack([a, np.eye(outputs)[-1]]), np.vstack([g, np.eye(taps)[-1]]), np.array(b).T


def passes(shape, x, w, b, dy, activation, by_slices):
    """y, dx, dw, db by the kernels themselves, block by block or slice by slice."""
    results = tuple(np.full(a.shape, np.nan, np.float32) for a in (dy, x, w, b))
    y, dx, dw, db = results

    def kernel(direction, **more):
        return make_conv2d_kernel(shape, direction, "winograd", by_slices=by_slices, **more)

    kernel("fwd", activation=activation or "none").run(x, w, b, y)
    kernel("bwd_data").run(dy, w, dx)
    kernel("bwd_weights").run(x, dy, dw, db)
    return results


class Part(NamedTuple):
    """Along an axis: output y takes the taps u, at the source's pixels first + (y + u) * step."""

    taps: np.ndarray
    first: int
    step: int


def pieces_of(k, stride, r):
    """How many parts the longest phase of a window makes."""
    longest = -(-k // stride)
    return -(-longest // r)


def forward_parts(k, stride, pad, r):
    """Those of a window; taps from k on do not exist."""
    pieces = pieces_of(k, stride, r)
    taps = [
        phase + stride * (piece * r + np.arange(r))
        for phase in range(stride)
        for piece in range(pieces)
    ]
    return [Part(some, some[0] - pad, stride) for some in taps]


def backward_parts(k, stride, pad, r, phase):
    """Those of the map's rows t with (t + pad) % stride == phase: dy's row q meets tap
    t + pad - stride * q. Output 0 is row phase - pad % stride, which may lie before the map."""
    pieces = pieces_of(k, stride, r)
    turned = [piece * r + np.arange(r)[::-1] for piece in range(pieces)]
    return [Part(phase + stride * some, pad // stride - some[0], 1) for some in turned]


def tiles_of(x, rows, columns, hop, size, counts):
    """Tiles (mb, tiles, channels, size, size) of a part's source, one every `hop` pixels, of
    abs(x); zeros outside."""
    padded = np.pad(abs(x), ((0, 0), (0, 1), (0, 1), (0, 0))).astype(np.float64)
    found = []
    for part, count, extent in zip((rows, columns), counts, x.shape[1:3], strict=True):
        at = part.first + part.step * (hop * np.arange(count)[:, None] + np.arange(size))
        found.append(np.where((at >= 0) & (at < extent), at, extent))
    tiles = padded[:, found[0][:, None, :, None], found[1][None, :, None, :]]
    return tiles.reshape(len(x), counts[0] * counts[1], size, size, -1).transpose(0, 1, 4, 2, 3)


def filters_of(w, rows, columns):
    """The taps (ic, oc, r, r) of a part of abs(w), zero where there are none."""
    kh, kw = w.shape[:2]
    padded = np.pad(abs(w), ((0, 1), (0, 1), (0, 0), (0, 0))).astype(np.float64)
    taps = np.minimum(rows.taps, kh)[:, None], np.minimum(columns.taps, kw)
    return padded[taps].transpose(2, 3, 0, 1)


def magnitude(x, w, rows, columns, oh, ow):
    """What the roundings of the sum of all pairs of parts (mb, oh, ow, oc) can multiply."""
    r = len(rows[0].taps)
    m, mb = 7 - r, len(x)
    a, g, b = (abs(matrix) for matrix in matrices(m, r))
    counts = -(-oh // m), -(-ow // m)
    products = 0
    for row in rows:
        for column in columns:
            data = b.T @ tiles_of(x, row, column, m, 6, counts) @ b
            filters = g @ filters_of(w, row, column) @ g.T
            data = data.reshape(-1, x.shape[3], 36).transpose(2, 0, 1)
            products = products + data @ filters.reshape(*filters.shape[:2], 36).transpose(2, 0, 1)
    y = a.T @ products.transpose(1, 2, 0).reshape(mb, *counts, -1, 6, 6) @ a
    return y.transpose(0, 1, 4, 2, 5, 3).reshape(mb, m * counts[0], m * counts[1], -1)[:, :oh, :ow]


def taps_of(s, direction):
    """The taps r of a part, as the kernel chooses them."""
    return winograd_work(turned=direction == "bwd_data", **s.kernel_arguments())[3]


def allowed_y(s, x, w, b):
    """How far y may lie from the exact result."""
    r = taps_of(s, "fwd")
    rows, columns = forward_parts(s.kh, s.sh, s.pt, r), forward_parts(s.kw, s.sw, s.pl, r)
    length = len(rows) * len(columns) * s.ic
    return (length + ROUNDINGS) * EPS * (magnitude(x, w, rows, columns, s.oh, s.ow) + abs(b))


def phases(size, stride, pad):
    """Of a map's axis: (phase, the outputs of that phase, the pixels that they are)."""
    for phase in range(stride):
        first = phase - pad % stride
        pixels = np.arange(first, size, stride)
        inside = pixels >= 0
        yield phase, np.flatnonzero(inside), pixels[inside]


def allowed_dx(s, dy, w):
    """How far dx may lie from the exact result."""
    r, turned = taps_of(s, "bwd_data"), w.transpose(0, 1, 3, 2)
    allowed = np.zeros(s.x_shape)
    for i, outputs_i, pixels_i in phases(s.ih, s.sh, s.pt):
        for j, outputs_j, pixels_j in phases(s.iw, s.sw, s.pl):
            if not len(pixels_i) or not len(pixels_j):
                continue
            rows = backward_parts(s.kh, s.sh, s.pt, r, i)
            columns = backward_parts(s.kw, s.sw, s.pl, r, j)
            length = len(rows) * len(columns) * s.oc
            values = magnitude(dy, turned, rows, columns, outputs_i[-1] + 1, outputs_j[-1] + 1)
            allowed[:, pixels_i[:, None], pixels_j] = (
                (length + ROUNDINGS) * EPS * values[:, outputs_i[:, None], outputs_j]
            )
    return allowed


def allowed_dw(s, x, dy):
    """How far dw may lie from the exact result."""
    r = taps_of(s, "bwd_weights")
    m = 7 - r
    a, g, b = (abs(matrix) for matrix in matrices(r, m))
    counts = -(-s.oh // m), -(-s.ow // m)
    whole = Part(np.arange(m), 0, 1)
    dy = (g @ tiles_of(dy, whole, whole, m, m, counts) @ g.T).reshape(-1, s.oc, 36)
    sums = np.zeros(np.add(s.w_shape, (1, 1, 0, 0)))
    for row in forward_parts(s.kh, s.sh, s.pt, r):
        for column in forward_parts(s.kw, s.sw, s.pl, r):
            data = (b.T @ tiles_of(x, row, column, m, 6, counts) @ b).reshape(-1, s.ic, 36)
            products = data.transpose(2, 1, 0) @ dy.transpose(2, 0, 1)
            taps = a.T @ products.transpose(1, 2, 0).reshape(s.ic, s.oc, 6, 6) @ a
            at = np.minimum(row.taps, s.kh)[:, None], np.minimum(column.taps, s.kw)
            sums[at] = taps.transpose(2, 3, 0, 1)
    return (len(dy) + ROUNDINGS) * EPS * sums[:-1, :-1]


def allowed_db(s, dy):
    """How far db may lie from the exact result."""
    return bound(abs(dy).sum(axis=(0, 1, 2)), s.mb * s.oh * s.ow)


def reached(rows, columns, pixel, oh, ow):
    """Which outputs (oh, ow) are in a tile that reads `pixel` for any of its parts."""
    m = 7 - len(rows[0].taps)
    found = np.zeros((oh, ow), bool)
    for row in rows:
        for column in columns:
            inside = []
            for part, at, size in zip((row, column), pixel, (oh, ow), strict=True):
                shift = at - part.first - part.step * (np.arange(size) // m * m)
                inside.append((shift >= 0) & (shift < 6 * part.step) & (shift % part.step == 0))
            found |= inside[0][:, None] & inside[1]
    return found


def reached_by_x(s, pixel):
    """Which outputs (oh, ow) something that is not finite at a pixel of x may reach."""
    r = taps_of(s, "fwd")
    rows, columns = forward_parts(s.kh, s.sh, s.pt, r), forward_parts(s.kw, s.sw, s.pl, r)
    return reached(rows, columns, pixel, s.oh, s.ow)


def reached_by_dy(s, pixel):
    """Which pixels of dx (ih, iw) something that is not finite at a pixel of dy may reach."""
    r, found = taps_of(s, "bwd_data"), np.zeros((s.ih, s.iw), bool)
    for i, outputs_i, pixels_i in phases(s.ih, s.sh, s.pt):
        for j, outputs_j, pixels_j in phases(s.iw, s.sw, s.pl):
            if len(pixels_i) and len(pixels_j):
                rows = backward_parts(s.kh, s.sh, s.pt, r, i)
                columns = backward_parts(s.kw, s.sw, s.pl, r, j)
                whole = reached(rows, columns, pixel, outputs_i[-1] + 1, outputs_j[-1] + 1)
                found[pixels_i[:, None], pixels_j] = whole[outputs_i[:, None], outputs_j]
    return found
