"""Random numbers for samples, and images cropped, shifted, mirrored and erased in one pass.

Images are bytes here, (..., pixel bytes): uint8 images as they are, float32 ones viewed as bytes. A
sample's random numbers are a function of the seed, the step (or epoch) and its index, so the batch
size, the order of batches and the threads do not matter.

Errors: ValueError for invalid sizes, TypeError or ValueError for another dtype or layout.
"""

from cython.parallel cimport prange
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from fastconv.kernels._outside cimport CONSTANT, NEAREST, REFLECT, SYMMETRIC, WRAP, index_inside
from fastconv.kernels._philox cimport philox
from fastconv.kernels._threads cimport threads_for

FILL_MODES = {
    "constant": CONSTANT, "nearest": NEAREST, "reflect": REFLECT, "symmetric": SYMMETRIC,
    "wrap": WRAP,
}


def random_words(const int64_t[::1] index, uint64_t seed, uint64_t step, uint32_t[:, ::1] words):
    """words (n, 4) = Philox-4x32-10 of the counter (index, step), with the seed as key.

    As in dropout, both halves of the counter have 64 bits, low word first.
    """
    cdef ptrdiff_t i
    if words.shape[0] != index.shape[0] or words.shape[1] != 4:
        raise ValueError(
            f"random_words: words must be ({index.shape[0]}, 4); "
            f"received ({words.shape[0]}, {words.shape[1]})"
        )
    with nogil:
        for i in range(index.shape[0]):
            philox(<uint64_t> index[i], step, seed, &words[i, 0])


def shift_flip(
        const uint8_t[:, :, :, ::1] x, uint8_t[:, :, :, ::1] y, const int64_t[::1] rows,
        const int64_t[:, ::1] corner, const uint8_t[::1] mirrored, str mode,
        const uint8_t[::1] fill):
    """y[n, i, j] = x[rows[n], top + i, left + j], for corner[n] = (top, left); overwrites y.

    Where `mirrored`, the columns of y are reversed. Pixels outside x follow `mode`; "constant" is
    `fill`.
    """
    cdef int kind = FILL_MODES[mode]
    cdef ptrdiff_t n, mb = y.shape[0]
    if not mb == rows.shape[0] == corner.shape[0] == mirrored.shape[0] or corner.shape[1] != 2:
        raise ValueError(f"shift_flip: rows, corner (n, 2) and mirrored must fit {mb} images")
    if x.shape[3] != y.shape[3] or fill.shape[0] != y.shape[3]:
        raise ValueError(
            f"shift_flip: pixels must have one size; received {x.shape[3]}, {y.shape[3]} and a "
            f"fill of {fill.shape[0]} bytes"
        )
    if x.shape[1] < 1 or x.shape[2] < 1 or x.shape[3] < 1:
        raise ValueError("shift_flip: images must have at least one pixel; received none")
    for n in range(mb):
        if not 0 <= rows[n] < x.shape[0]:
            raise ValueError(
                f"shift_flip: rows must be from 0 to {x.shape[0] - 1}; received {rows[n]}"
            )
    if y.shape[1] and y.shape[2]:
        for n in prange(mb, nogil=True, schedule="static",
                        num_threads=threads_for(0.1 * y.shape[1] * y.shape[2] * y.shape[3] * mb)):
            _image(x, y, n, rows[n], corner[n, 0], corner[n, 1], mirrored[n], kind, &fill[0])


def erase(
        uint8_t[:, :, :, ::1] x, const int64_t[:, ::1] box, const uint8_t[::1] fill):
    """x[n, top:bottom, left:right] = fill in place, for box[n] = (top, left, bottom, right)."""
    cdef ptrdiff_t n, i, j, mb = x.shape[0], pixel = x.shape[3]
    if box.shape[0] != mb or box.shape[1] != 4:
        raise ValueError(f"erase: box must be ({mb}, 4); received {box.shape[0], box.shape[1]}")
    if fill.shape[0] != pixel:
        raise ValueError(f"erase: fill must have {pixel} bytes; received {fill.shape[0]}")
    with nogil:
        for n in range(mb):
            for i in range(max(0, box[n, 0]), min(x.shape[1], box[n, 2])):
                for j in range(max(0, box[n, 1]), min(x.shape[2], box[n, 3])):
                    memcpy(&x[n, i, j, 0], &fill[0], pixel)


cdef void _image(
        const uint8_t[:, :, :, ::1] x, uint8_t[:, :, :, ::1] y, ptrdiff_t n, ptrdiff_t row,
        ptrdiff_t top, ptrdiff_t left, bint mirrored, int kind, const uint8_t *fill) noexcept nogil:
    cdef ptrdiff_t i, j, k, at, start, stop, ow = y.shape[2], pixel = y.shape[3]
    cdef const uint8_t *source
    cdef uint8_t *target
    # Columns start to stop are inside x.
    start = min(max(0, -left), ow)
    stop = max(start, min(ow, x.shape[2] - left))
    for i in range(y.shape[1]):
        target = &y[n, i, 0, 0]
        k = index_inside(top + i, x.shape[1], kind)
        if k < 0:
            for j in range(ow):
                memcpy(target + j * pixel, fill, pixel)
            continue
        source = &x[row, k, 0, 0]
        if start < stop and not mirrored:
            memcpy(target + start * pixel, source + (left + start) * pixel, (stop - start) * pixel)
        elif start < stop and pixel == 3:  # a length known at compile time
            for j in range(start, stop):
                memcpy(target + (ow - 1 - j) * 3, source + (left + j) * 3, 3)
        else:
            for j in range(start, stop):
                memcpy(target + (ow - 1 - j) * pixel, source + (left + j) * pixel, pixel)
        for j in range(ow):
            if start <= j < stop:
                continue
            k = index_inside(left + j, x.shape[2], kind)
            at = ow - 1 - j if mirrored else j
            memcpy(target + at * pixel, fill if k < 0 else source + k * pixel, pixel)
