from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t

from fastconv.kernels._isa cimport fc_kernels, kernels


cdef extern from "table_winograd.h" nogil:
    ctypedef struct fc_tile:
        int rows, columns, taps
    ctypedef struct fc_inside:
        int top, bottom, left, right
    ctypedef struct fc_winograd:
        void input(
            const fc_tile *t, const float *x, ptrdiff_t row, ptrdiff_t pixel, const fc_inside *inside,
            ptrdiff_t channels, float *v, ptrdiff_t fr, ptrdiff_t fc) noexcept nogil
        void filter(
            const fc_tile *t, const float *const *taps, ptrdiff_t offset, ptrdiff_t n, ptrdiff_t width,
            float *u, ptrdiff_t fs) noexcept nogil
        void output(
            const fc_tile *t, const float *m, ptrdiff_t fr, ptrdiff_t fc, ptrdiff_t channels,
            const float *bias, int act, float *y, ptrdiff_t row, ptrdiff_t pixel, int rows, int columns) noexcept nogil
        void output_pooled(
            const float *m, ptrdiff_t fr, ptrdiff_t fc, ptrdiff_t channels, const float *bias, int act,
            float *y, uint8_t *argmax, ptrdiff_t row, ptrdiff_t pixel,
            int rows, int columns) noexcept nogil
        void unpool_row(
            const float *dy, const uint8_t *argmax, ptrdiff_t n, ptrdiff_t channels, int lower,
            float *out) noexcept nogil
        void gradient(
            const fc_tile *t, const float *y, ptrdiff_t row, ptrdiff_t pixel, ptrdiff_t channels,
            float *v, ptrdiff_t fr, ptrdiff_t fc) noexcept nogil
        void weights(
            const fc_tile *t, const float *m, ptrdiff_t parts, ptrdiff_t stride, ptrdiff_t fs, ptrdiff_t n,
            float *const *taps, ptrdiff_t offset) noexcept nogil


cdef extern from "fastconv.h" nogil:
    const fc_winograd *fc_winograd_of(const fc_kernels *k)


cdef inline const fc_winograd *winograd_table() noexcept nogil:
    return fc_winograd_of(kernels())
