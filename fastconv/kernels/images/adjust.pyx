"""Colors: scaling, shifting and clipping of every sample's channels; their means; noise.

Arrays are (mb, pixels, c), C-contiguous; x may be uint8 or float32, everything else is float32. The
limits `low` and `high` may be infinite. Errors: ValueError for invalid shapes.
"""

from cython.parallel cimport parallel, prange
from libc.math cimport M_PI, cos, log, sin, sqrt
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from fastconv.kernels._blocks cimport BLOCK, block_size, blocks_of
from fastconv.kernels._isa cimport flush_denormals, restore_denormals
from fastconv.kernels._philox cimport philox
from fastconv.kernels._threads cimport threads_for

ctypedef fused pixel:
    uint8_t
    float


def adjust(
        const pixel[:, :, ::1] x, float[:, :, ::1] y, const float[:, ::1] scale,
        const float[:, ::1] shift, float low, float high):
    """y = clip(scale * x + shift, low, high); y may be x.

    `scale` and `shift` have one row per sample or one for all, and one column per channel or one
    for all.
    """
    _same("adjust", x.shape, y.shape)
    for what, factors in (("scale", scale), ("shift", shift)):
        if factors.shape[0] not in (1, x.shape[0]) or factors.shape[1] not in (1, x.shape[2]):
            raise ValueError(
                f"adjust: {what} must be ({x.shape[0]} or 1, {x.shape[2]} or 1); "
                f"received ({factors.shape[0]}, {factors.shape[1]})"
            )
    if y.size:
        with nogil:
            _adjust(
                x.shape, &x[0, 0, 0], &y[0, 0, 0], &scale[0, 0], scale.shape, &shift[0, 0],
                shift.shape, low, high)


cdef void _adjust(
        const Py_ssize_t *size, const pixel *x, float *y, const float *scale, const Py_ssize_t *a,
        const float *shift, const Py_ssize_t *b, float low, float high) noexcept nogil:
    cdef ptrdiff_t c = size[2], pixels = max(<ptrdiff_t> 1, BLOCK // c)
    cdef ptrdiff_t parts = blocks_of(size[1], pixels), item, n, at
    cdef ptrdiff_t an = a[1] if a[0] > 1 else 0, bn = b[1] if b[0] > 1 else 0
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(4.0 * size[0] * size[1] * c)):
        state = flush_denormals()
        for item in prange(size[0] * parts, schedule="static"):
            n = item // parts
            at = (n * size[1] + item % parts * pixels) * c
            _adjust_pixels(
                block_size(item % parts, size[1], pixels), c, x + at, y + at, scale + n * an,
                a[1] > 1, shift + n * bn, b[1] > 1, low, high)
        restore_denormals(state)


cdef void _adjust_pixels(
        ptrdiff_t pixels, ptrdiff_t c, const pixel *x, float *y, const float *scale, ptrdiff_t a,
        const float *shift, ptrdiff_t b, float low, float high) noexcept nogil:
    cdef ptrdiff_t p, k
    cdef float value
    for p in range(pixels):
        for k in range(c):
            value = scale[k * a] * <float> x[p * c + k] + shift[k * b]
            y[p * c + k] = low if value < low else high if value > high else value


def clip_bwd(
        const float[:, :, ::1] dy, const float[:, :, ::1] y, float[:, :, ::1] dx, float low,
        float high):
    """dx = dy where y is between the limits, 0 where y is one of them; dx may be dy."""
    _same("clip_bwd", dy.shape, y.shape)
    _same("clip_bwd", dy.shape, dx.shape)
    if dx.size:
        with nogil:
            _clip_bwd(dy.shape, &dy[0, 0, 0], &y[0, 0, 0], &dx[0, 0, 0], low, high)


cdef void _clip_bwd(
        const Py_ssize_t *size, const float *dy, const float *y, float *dx, float low,
        float high) noexcept nogil:
    cdef ptrdiff_t n = size[0] * size[1] * size[2], i, k
    with parallel(num_threads=threads_for(4.0 * n)):
        for i in prange(blocks_of(n, BLOCK), schedule="static"):
            for k in range(i * BLOCK, i * BLOCK + block_size(i, n, BLOCK)):
                dx[k] = 0 if y[k] <= low or y[k] >= high else dy[k]


def channel_means(const pixel[:, :, ::1] x, float[:, ::1] means):
    """means[n, k] = the mean of sample n's channel k, summed in float64."""
    cdef double *sums
    if means.shape[0] != x.shape[0] or means.shape[1] != x.shape[2]:
        raise ValueError(
            f"channel_means: means must be ({x.shape[0]}, {x.shape[2]}); "
            f"received ({means.shape[0]}, {means.shape[1]})"
        )
    if not x.shape[1]:
        raise ValueError("channel_means: a sample must have a pixel; received none")
    if not means.size:
        return
    sums = <double *> malloc(means.size * sizeof(double))
    if sums == NULL:
        raise MemoryError("channel_means: no memory for the sums")
    with nogil:
        _channel_means(x.shape, &x[0, 0, 0], sums, &means[0, 0])
    free(sums)


cdef void _channel_means(
        const Py_ssize_t *size, const pixel *x, double *sums, float *means) noexcept nogil:
    # One thread per sample, so that the order of its sums is fixed.
    cdef ptrdiff_t n
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(2.0 * size[0] * size[1] * size[2])):
        state = flush_denormals()
        for n in prange(size[0], schedule="static"):
            _means_of(
                size[1], size[2], x + n * size[1] * size[2], sums + n * size[2],
                means + n * size[2])
        restore_denormals(state)


cdef void _means_of(
        ptrdiff_t pixels, ptrdiff_t c, const pixel *x, double *sums, float *means) noexcept nogil:
    cdef ptrdiff_t p, k
    memset(sums, 0, c * sizeof(double))
    for p in range(pixels):
        for k in range(c):
            sums[k] += <double> x[p * c + k]
    for k in range(c):
        means[k] = <float> (sums[k] / pixels)


def erase_with_noise(
        float[:, :, :, ::1] y, const int64_t[:, ::1] box, uint64_t seed, uint64_t step,
        float scale, float low, float high):
    """y[n, top:bottom, left:right] = clip(scale * noise, low, high).

    box[n] = (top, left, bottom, right) must be within the image. The noise is standard normal, by
    the Box-Muller transform of dropout's generator: a function of the seed, the step and the
    element's index in the batch.
    """
    cdef ptrdiff_t n, i
    if box.shape[0] != y.shape[0] or box.shape[1] != 4:
        raise ValueError(
            f"erase_with_noise: box must be ({y.shape[0]}, 4); "
            f"received {box.shape[0], box.shape[1]}"
        )
    for n in range(y.shape[0]):
        if not (0 <= box[n, 0] and box[n, 2] <= y.shape[1]
                and 0 <= box[n, 1] and box[n, 3] <= y.shape[2]):
            raise ValueError("erase_with_noise: the boxes must lie within the images")
    if y.size:
        for n in prange(y.shape[0], nogil=True, schedule="static",
                        num_threads=threads_for(
                            20.0 * y.shape[0] * y.shape[1] * y.shape[2] * y.shape[3])):
            for i in range(box[n, 0], box[n, 2]):
                if box[n, 1] < box[n, 3]:
                    _noise(
                        ((n * y.shape[1] + i) * y.shape[2] + box[n, 1]) * y.shape[3],
                        (box[n, 3] - box[n, 1]) * y.shape[3], seed, step, scale, low, high,
                        &y[0, 0, 0, 0])


cdef void _noise(
        ptrdiff_t first, ptrdiff_t count, uint64_t seed, uint64_t step, float scale, float low,
        float high, float *y) noexcept nogil:
    cdef ptrdiff_t k
    cdef uint32_t words[4]
    cdef double radius, angle
    cdef float value
    for k in range(first, first + count):
        # Four elements share four words of the generator: two pairs of radius and angle.
        philox(<uint64_t> (k // 4), step, seed, words)
        radius = sqrt(-2.0 * log((words[k % 4 // 2 * 2] + 0.5) / 4294967296.0))
        angle = 2.0 * M_PI * ((words[k % 4 // 2 * 2 + 1] + 0.5) / 4294967296.0)
        value = <float> (scale * radius * (sin(angle) if k % 2 else cos(angle)))
        y[k] = low if value < low else high if value > high else value


cdef int _same(str where, const Py_ssize_t *a, const Py_ssize_t *b) except -1:
    if a[0] != b[0] or a[1] != b[1] or a[2] != b[2]:
        raise ValueError(
            f"{where}: arrays must have one shape; received {a[0], a[1], a[2]} and "
            f"{b[0], b[1], b[2]}"
        )
    return 0
