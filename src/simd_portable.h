/* Four floats in the compiler's vector type: runs on every processor, and defines the operations of a vector header.
 * The other headers implement the same names for their registers.
 *
 * VL            floats in a vector
 * MR, NV        the register tile of the matrix kernels: MR rows of NV vectors (NR = NV * VL columns)
 * GMR           rows of the tile for packed operands: one pointer per operand leaves registers for more rows
 * vf, vm        a vector of floats; a mask with one boolean per lane
 *
 * The operators + - * / apply to vf. Loads and stores need no alignment; those ending in `_first` access only the first
 * min(n, VL) elements of memory, n >= 0, and load zero into the other lanes.
 */
#if defined(__SSE__)
#include <xmmintrin.h>
#endif
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define VL 4
#define MR 6
#define GMR 6
#define NV 2

typedef float vf __attribute__((vector_size(16)));
typedef int32_t vm __attribute__((vector_size(16)));

#define FN static inline __attribute__((always_inline, unused))

FN vm vm_first(ptrdiff_t n)
{
    return (vm){-(n > 0), -(n > 1), -(n > 2), -(n > 3)};
}
FN vm vm_or(vm a, vm b) { return a | b; }
FN vm vm_and(vm a, vm b) { return a & b; }

FN vf v_load(const float *p)
{
    vf a;
    memcpy(&a, p, sizeof a);
    return a;
}
FN void v_store(float *p, vf a) { memcpy(p, &a, sizeof a); }
/* A store that may bypass the cache, to an address aligned as a vector; other threads see it after v_stream_fence. */
FN void v_stream(float *p, vf a) { v_store(p, a); }
FN void v_stream_fence(void) {}
FN vf v_load_first(const float *p, ptrdiff_t n)
{
    vf a = {0, 0, 0, 0};
    for (int i = 0; i < VL; i++)
        if (i < n) a[i] = p[i];
    return a;
}
FN void v_store_first(float *p, vf a, ptrdiff_t n)
{
    for (int i = 0; i < VL; i++)
        if (i < n) p[i] = a[i];
}
FN vf v_set1(float a) { return (vf){a, a, a, a}; }
FN vf v_zero(void) { return v_set1(0.0f); }
FN vf v_broadcast(const float *p) { return v_set1(*p); }

/* Operations on groups of four lanes. v_load_quads loads group q from p + q*stride, for q < n; the others are zero. The
 * others work inside each group: a0 b0 a1 b1; a2 b2 a3 b3; a0 a1 b0 b1; a2 a3 b2 b3. */
FN vf v_load_quads(const float *p, ptrdiff_t stride, ptrdiff_t n)
{
    (void)stride;
    return n > 0 ? v_load(p) : v_zero();
}
FN vf v_zip_low(vf a, vf b) { return (vf){a[0], b[0], a[1], b[1]}; }
FN vf v_zip_high(vf a, vf b) { return (vf){a[2], b[2], a[3], b[3]}; }
FN vf v_low_pairs(vf a, vf b) { return (vf){a[0], a[1], b[0], b[1]}; }
FN vf v_high_pairs(vf a, vf b) { return (vf){a[2], a[3], b[2], b[3]}; }

/* p[0..3] = the sum of the groups of four lanes */
FN void v_store_sum_of_quads(float *p, vf a) { v_store(p, a); }

FN vm v_gt(vf a, vf b) { return a > b; }
FN vm v_eq(vf a, vf b) { return a == b; }
FN vm v_isnan(vf a) { return a != a; }
/* a where the mask is true, else b */
FN vf v_select(vm m, vf a, vf b) { return (vf)((m & (vm)a) | (~m & (vm)b)); }

FN vf v_fma(vf a, vf b, vf c) { return a * b + c; }  /* a*b + c */
FN vf v_fnma(vf a, vf b, vf c) { return c - a * b; } /* c - a*b */
/* As on x86: b where either is NaN. */
FN vf v_max(vf a, vf b) { return v_select(a > b, a, b); }
FN vf v_min(vf a, vf b) { return v_select(a < b, a, b); }
FN vf v_sqrt(vf a) { return (vf){sqrtf(a[0]), sqrtf(a[1]), sqrtf(a[2]), sqrtf(a[3])}; }
/* to the nearest integer, ties to even; |a| < 2^22 */
FN vf v_round(vf a)
{
    const vf magic = v_set1(12582912.0f); /* 1.5 * 2^23: adding it rounds away the fraction */
    return (a + magic) - magic;
}
/* 2^n for integer n in [-126, 127] */
FN vf v_pow2(vf n)
{
    vm e = (__builtin_convertvector(n, vm) + 127) << 23;
    return (vf)e;
}

FN float v_sum(vf a) { return (a[0] + a[2]) + (a[1] + a[3]); }

/* VL bytes to floats; integral floats in [0, 255] to VL bytes */
FN vf v_load_u8(const uint8_t *p) { return (vf){p[0], p[1], p[2], p[3]}; }
FN void v_store_u8(uint8_t *p, vf a)
{
    for (int i = 0; i < VL; i++) p[i] = (uint8_t)a[i];
}

/* true where a <= b does not hold: a > b, or either is NaN */
FN vm v_nle(vf a, vf b) { return ~(a <= b); }
FN float v_max_lanes(vf a)
{
    const float b = a[0] > a[2] ? a[0] : a[2], c = a[1] > a[3] ? a[1] : a[3];
    return b > c ? b : c;
}

/* Integers, bytes or 32 bits in memory and floats in registers. Only the first n elements of memory are accessed; the
 * other lanes are loaded as zero. */
FN vf v_load_u8_first(const uint8_t *p, ptrdiff_t n)
{
    uint8_t b[VL] = {0};
    for (int i = 0; i < VL; i++)
        if (i < n) b[i] = p[i];
    return v_load_u8(b);
}
FN void v_store_u8_first(uint8_t *p, vf a, ptrdiff_t n)
{
    for (int i = 0; i < VL; i++)
        if (i < n) p[i] = (uint8_t)a[i];
}
FN vf v_load_i32_first(const int32_t *p, ptrdiff_t n)
{
    vm b = {0, 0, 0, 0};
    for (int i = 0; i < VL; i++)
        if (i < n) b[i] = p[i];
    return __builtin_convertvector(b, vf);
}
FN void v_store_i32_first(int32_t *p, vf a, ptrdiff_t n)
{
    for (int i = 0; i < VL; i++)
        if (i < n) p[i] = (int32_t)a[i];
}

/* vq: VL/2 unsigned 64-bit integers, with C's operators. q_mul: the low half of each lane times m, as 64 bits.
 * q_zip_even and q_zip_odd: the even or odd lanes of a and b, alternating. q_words_ge: true where a 32-bit half is at
 * least t. */
typedef uint64_t vq __attribute__((vector_size(4 * VL)));
typedef uint32_t vu __attribute__((vector_size(4 * VL)));

FN vq q_mul(vq a, uint32_t m) { return (a & 0xffffffffu) * m; }
FN vq q_zip_even(vq a, vq b) { return (vq){a[0], b[0]}; }
FN vq q_zip_odd(vq a, vq b) { return (vq){a[1], b[1]}; }
FN vm q_words_ge(vq a, uint32_t t) { return (vm)((vu)a >= t); }
