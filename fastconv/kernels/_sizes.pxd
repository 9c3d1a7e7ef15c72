from libc.stddef cimport ptrdiff_t

cdef inline ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) noexcept nogil:
    return a if a < b else b

cdef inline ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b) noexcept nogil:
    return a if a > b else b

cdef inline ptrdiff_t ceil_div(ptrdiff_t a, ptrdiff_t b) noexcept nogil:
    return (a + b - 1) // b

cdef inline ptrdiff_t round_up(ptrdiff_t a, ptrdiff_t b) noexcept nogil:
    return (a + b - 1) // b * b
