"""How far Winograd's method may round, for windows of any size and stride, from its definition.

Along each axis a window is cut into parts of r taps with stride 1, one or more for each phase of
the stride. With n points, infinity among them, a tile of m = n - r + 1 outputs of a part is
A' ((G g G') * (B' d B)) A for filters g and data d, each axis having its own matrices; they are 1
along an axis with one tap, which has one point. The products are summed over channels and
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

POINTS = {  # the finite ones
    5: (0, -1, 1 / 2, 2),
    6: (0, 5 / 8, -5 / 8, 3 / 2, -3 / 2),
    8: (0, 1 / 2, -1 / 2, 1, -1, 2, -2),
}


def matrices(outputs, taps):
    """A (n, outputs), G (n, taps), B (n, n) of the one-dimensional method with n points."""
    if outputs == taps == 1:
        return (np.ones((1, 1)),) * 3
    points = POINTS[outputs + taps - 1]
    a = np.vander(points, outputs, increasing=True)
    g = np.vander(points, taps, increasing=True)
    b = []
    for point in points:
        others = [other for other in points if other != point]
        g[points.index(point)] /= np.prod([point - other for other in others])
        b.append([*np.poly(others)[::-1], 0])
    b.append(np.poly(points)[::-1])
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


class Tile(NamedTuple):
    """Along an axis: its points, and the taps of a part."""

    points: int
    taps: int

    @property
    def outputs(self):
        return self.points - self.taps + 1


class Part(NamedTuple):
    """Along an axis: output y takes the taps u, at the source's pixels first + (y + u) * step."""

    taps: np.ndarray
    first: int
    step: int
    tile: Tile


def roundings(*tiles):
    """Of both transforms and the inverse along each axis, bias and activation."""
    return sum(2 * tile.points + max(tile.taps, tile.outputs) for tile in tiles) + 4


def pieces_of(k, stride, r):
    """How many parts the longest phase of a window makes."""
    longest = -(-k // stride)
    return -(-longest // r)


def forward_parts(k, stride, pad, tile):
    """Those of a window; taps from k on do not exist."""
    r = tile.taps
    pieces = pieces_of(k, stride, r)
    taps = [
        phase + stride * (piece * r + np.arange(r))
        for phase in range(stride)
        for piece in range(pieces)
    ]
    return [Part(some, some[0] - pad, stride, tile) for some in taps]


def backward_parts(k, stride, pad, tile, phase):
    """Those of the map's rows t with (t + pad) % stride == phase: dy's row q meets tap
    t + pad - stride * q. Output 0 is row phase - pad % stride, which may lie before the map."""
    r = tile.taps
    pieces = pieces_of(k, stride, r)
    turned = [piece * r + np.arange(r)[::-1] for piece in range(pieces)]
    return [Part(phase + stride * some, pad // stride - some[0], 1, tile) for some in turned]


def tiles_of(x, rows, columns, sizes, counts):
    """Tiles (mb, tiles, channels, *sizes) of a part's source, one every tile of outputs, of abs(x);
    zeros outside."""
    padded = np.pad(abs(x), ((0, 0), (0, 1), (0, 1), (0, 0))).astype(np.float64)
    found = []
    for part, size, count, extent in zip((rows, columns), sizes, counts, x.shape[1:3], strict=True):
        starts = part.tile.outputs * np.arange(count)
        at = part.first + part.step * (starts[:, None] + np.arange(size))
        found.append(np.where((at >= 0) & (at < extent), at, extent))
    tiles = padded[:, found[0][:, None, :, None], found[1][None, :, None, :]]
    return tiles.reshape(len(x), counts[0] * counts[1], *sizes, -1).transpose(0, 1, 4, 2, 3)


def filters_of(w, rows, columns):
    """The taps (ic, oc, r, r) of a part of abs(w), zero where there are none."""
    kh, kw = w.shape[:2]
    padded = np.pad(abs(w), ((0, 1), (0, 1), (0, 0), (0, 0))).astype(np.float64)
    taps = np.minimum(rows.taps, kh)[:, None], np.minimum(columns.taps, kw)
    return padded[taps].transpose(2, 3, 0, 1)


def magnitude(x, w, rows, columns, oh, ow):
    """What the roundings of the sum of all pairs of parts (mb, oh, ow, oc) can multiply."""
    high, wide = rows[0].tile, columns[0].tile
    sizes, f = (high.points, wide.points), high.points * wide.points
    (ah, gh, bh), (aw, gw, bw) = magnitudes(high), magnitudes(wide)
    counts = -(-oh // high.outputs), -(-ow // wide.outputs)
    products = 0
    for row in rows:
        for column in columns:
            data = bh.T @ tiles_of(x, row, column, sizes, counts) @ bw
            filters = gh @ filters_of(w, row, column) @ gw.T
            data = data.reshape(-1, x.shape[3], f).transpose(2, 0, 1)
            products = products + data @ filters.reshape(*filters.shape[:2], f).transpose(2, 0, 1)
    y = ah.T @ products.transpose(1, 2, 0).reshape(len(x), *counts, -1, *sizes) @ aw
    y = y.transpose(0, 1, 4, 2, 5, 3)
    return y.reshape(len(x), high.outputs * counts[0], wide.outputs * counts[1], -1)[:, :oh, :ow]


def magnitudes(tile):
    return [abs(matrix) for matrix in matrices(tile.outputs, tile.taps)]


def tiles(s, direction):
    """The tile along each axis, as the kernel chooses them."""
    found = winograd_work(turned=direction == "bwd_data", **s.kernel_arguments())
    return Tile(*found[-2]), Tile(*found[-1])


def allowed_y(s, x, w, b):
    """How far y may lie from the exact result."""
    high, wide = tiles(s, "fwd")
    rows, columns = forward_parts(s.kh, s.sh, s.pt, high), forward_parts(s.kw, s.sw, s.pl, wide)
    length = len(rows) * len(columns) * s.ic + roundings(high, wide)
    return length * EPS * (magnitude(x, w, rows, columns, s.oh, s.ow) + abs(b))


def phases(size, stride, pad):
    """Of a map's axis: (phase, the outputs of that phase, the pixels that they are)."""
    for phase in range(stride):
        first = phase - pad % stride
        pixels = np.arange(first, size, stride)
        inside = pixels >= 0
        yield phase, np.flatnonzero(inside), pixels[inside]


def allowed_dx(s, dy, w):
    """How far dx may lie from the exact result."""
    (high, wide), turned = tiles(s, "bwd_data"), w.transpose(0, 1, 3, 2)
    allowed = np.zeros(s.x_shape)
    for i, outputs_i, pixels_i in phases(s.ih, s.sh, s.pt):
        for j, outputs_j, pixels_j in phases(s.iw, s.sw, s.pl):
            if not len(pixels_i) or not len(pixels_j):
                continue
            rows = backward_parts(s.kh, s.sh, s.pt, high, i)
            columns = backward_parts(s.kw, s.sw, s.pl, wide, j)
            length = len(rows) * len(columns) * s.oc + roundings(high, wide)
            values = magnitude(dy, turned, rows, columns, outputs_i[-1] + 1, outputs_j[-1] + 1)
            allowed[:, pixels_i[:, None], pixels_j] = (
                length * EPS * values[:, outputs_i[:, None], outputs_j]
            )
    return allowed


def allowed_dw(s, x, dy):
    """How far dw may lie from the exact result."""
    high, wide = tiles(s, "bwd_weights")
    sizes, f = (high.points, wide.points), high.points * wide.points
    # outputs and taps change places
    (ah, gh, bh), (aw, gw, bw) = (magnitudes(Tile(t.points, t.outputs)) for t in (high, wide))
    counts = -(-s.oh // high.outputs), -(-s.ow // wide.outputs)
    whole = [Part(np.arange(tile.outputs), 0, 1, tile) for tile in (high, wide)]
    dy = gh @ tiles_of(dy, *whole, (high.outputs, wide.outputs), counts) @ gw.T
    dy = dy.reshape(-1, s.oc, f)
    sums = np.zeros(np.add(s.w_shape, (1, 1, 0, 0)))
    for row in forward_parts(s.kh, s.sh, s.pt, high):
        for column in forward_parts(s.kw, s.sw, s.pl, wide):
            data = bh.T @ tiles_of(x, row, column, sizes, counts) @ bw
            products = data.reshape(-1, s.ic, f).transpose(2, 1, 0) @ dy.transpose(2, 0, 1)
            taps = ah.T @ products.transpose(1, 2, 0).reshape(s.ic, s.oc, *sizes) @ aw
            at = np.minimum(row.taps, s.kh)[:, None], np.minimum(column.taps, s.kw)
            sums[at] = taps.transpose(2, 3, 0, 1)
    return (len(dy) + roundings(high, wide)) * EPS * sums[:-1, :-1]


def allowed_db(s, dy):
    """How far db may lie from the exact result."""
    return bound(abs(dy).sum(axis=(0, 1, 2)), s.mb * s.oh * s.ow)


def reached(rows, columns, pixel, oh, ow):
    """Which outputs (oh, ow) are in a tile that reads `pixel` for any of its parts."""
    found = np.zeros((oh, ow), bool)
    for row in rows:
        for column in columns:
            inside = []
            for part, at, size in zip((row, column), pixel, (oh, ow), strict=True):
                m, step = part.tile.outputs, part.step
                shift = at - part.first - step * (np.arange(size) // m * m)
                reads = (shift >= 0) & (shift < part.tile.points * step)
                inside.append(reads & (shift % step == 0))
            found |= inside[0][:, None] & inside[1]
    return found


def reached_by_x(s, pixel):
    """Which outputs (oh, ow) something that is not finite at a pixel of x may reach."""
    high, wide = tiles(s, "fwd")
    rows, columns = forward_parts(s.kh, s.sh, s.pt, high), forward_parts(s.kw, s.sw, s.pl, wide)
    return reached(rows, columns, pixel, s.oh, s.ow)


def reached_by_dy(s, pixel):
    """Which pixels of dx (ih, iw) something that is not finite at a pixel of dy may reach."""
    (high, wide), found = tiles(s, "bwd_data"), np.zeros((s.ih, s.iw), bool)
    for i, outputs_i, pixels_i in phases(s.ih, s.sh, s.pt):
        for j, outputs_j, pixels_j in phases(s.iw, s.sw, s.pl):
            if len(pixels_i) and len(pixels_j):
                rows = backward_parts(s.kh, s.sh, s.pt, high, i)
                columns = backward_parts(s.kw, s.sw, s.pl, wide, j)
                whole = reached(rows, columns, pixel, outputs_i[-1] + 1, outputs_j[-1] + 1)
                found[pixels_i[:, None], pixels_j] = whole[outputs_i[:, None], outputs_j]
    return found
