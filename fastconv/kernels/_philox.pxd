# The counter-based generator: words[0..3] = Philox-4x32-10 of the counter (index, step), each of 64
# bits, low word first, with the seed as key. `dropout_mask` in fastconv.reference uses the same.
from libc.stdint cimport uint32_t, uint64_t


cdef inline void philox(
        uint64_t index, uint64_t step, uint64_t seed, uint32_t *words) noexcept nogil:
    cdef uint32_t c0 = <uint32_t> index, c1 = <uint32_t> (index >> 32)
    cdef uint32_t c2 = <uint32_t> step, c3 = <uint32_t> (step >> 32)
    cdef uint32_t k0 = <uint32_t> seed, k1 = <uint32_t> (seed >> 32)
    cdef uint64_t p0, p1
    cdef int _round
    for _round in range(10):
        p0 = <uint64_t> c0 * <uint32_t> 0xd2511f53
        p1 = <uint64_t> c2 * <uint32_t> 0xcd9e8d57
        c0, c1 = (<uint32_t> (p1 >> 32)) ^ c1 ^ k0, <uint32_t> p1
        c2, c3 = (<uint32_t> (p0 >> 32)) ^ c3 ^ k1, <uint32_t> p0
        k0 = k0 + <uint32_t> 0x9e3779b9
        k1 = k1 + <uint32_t> 0xbb67ae85
    words[0], words[1], words[2], words[3] = c0, c1, c2, c3
