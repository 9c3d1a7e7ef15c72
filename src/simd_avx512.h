/* AVX-512F: sixteen floats. simd_portable.h defines the operations. */
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bytes.h"

#define VL 16
#define MR 12
#define GMR 14
#define NV 2

typedef __m512 vf;
typedef __mmask16 vm;

#define FN static inline __attribute__((always_inline, unused))

FN vm vm_first(ptrdiff_t n) { return (vm)(n >= 16 ? 0xffffu : (1u << n) - 1u); }
FN vm vm_or(vm a, vm b) { return (vm)(a | b); }
FN vm vm_and(vm a, vm b) { return (vm)(a & b); }

FN vf v_load(const float *p) { return _mm512_loadu_ps(p); }
FN void v_store(float *p, vf a) { _mm512_storeu_ps(p, a); }
FN void v_stream(float *p, vf a) { _mm512_stream_ps(p, a); }
FN void v_stream_fence(void) { _mm_sfence(); }
FN vf v_load_first(const float *p, ptrdiff_t n) { return _mm512_maskz_loadu_ps(vm_first(n), p); }
FN void v_store_first(float *p, vf a, ptrdiff_t n) { _mm512_mask_storeu_ps(p, vm_first(n), a); }
FN vf v_set1(float a) { return _mm512_set1_ps(a); }
FN vf v_zero(void) { return _mm512_setzero_ps(); }
FN vf v_broadcast(const float *p) { return _mm512_set1_ps(*p); }

FN vf v_load_quads(const float *p, ptrdiff_t stride, ptrdiff_t n)
{
    vf a = n > 0 ? _mm512_zextps128_ps512(_mm_loadu_ps(p)) : v_zero();
    if (n > 1) a = _mm512_mask_broadcast_f32x4(a, 0x00f0, _mm_loadu_ps(p + stride));
    if (n > 2) a = _mm512_mask_broadcast_f32x4(a, 0x0f00, _mm_loadu_ps(p + 2 * stride));
    if (n > 3) a = _mm512_mask_broadcast_f32x4(a, 0xf000, _mm_loadu_ps(p + 3 * stride));
    return a;
}
FN vf v_zip_low(vf a, vf b) { return _mm512_unpacklo_ps(a, b); }
FN vf v_zip_high(vf a, vf b) { return _mm512_unpackhi_ps(a, b); }
FN vf v_low_pairs(vf a, vf b) { return _mm512_shuffle_ps(a, b, 0x44); }
FN vf v_high_pairs(vf a, vf b) { return _mm512_shuffle_ps(a, b, 0xee); }

FN void v_store_sum_of_quads(float *p, vf a)
{
    const __m128 low = _mm_add_ps(_mm512_castps512_ps128(a), _mm512_extractf32x4_ps(a, 1));
    _mm_storeu_ps(p, _mm_add_ps(low, _mm_add_ps(_mm512_extractf32x4_ps(a, 2), _mm512_extractf32x4_ps(a, 3))));
}

FN vf v_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
FN vf v_fnma(vf a, vf b, vf c) { return _mm512_fnmadd_ps(a, b, c); }
FN vf v_max(vf a, vf b) { return _mm512_max_ps(a, b); }
FN vf v_min(vf a, vf b) { return _mm512_min_ps(a, b); }
FN vf v_sqrt(vf a) { return _mm512_sqrt_ps(a); }
FN vf v_round(vf a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
FN vf v_pow2(vf n)
{
    __m512i e = _mm512_slli_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127)), 23);
    return _mm512_castsi512_ps(e);
}

FN vm v_gt(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
FN vm v_eq(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
FN vm v_isnan(vf a) { return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q); }
FN vf v_select(vm m, vf a, vf b) { return _mm512_mask_blend_ps(m, b, a); }

FN float v_sum(vf a) { return _mm512_reduce_add_ps(a); }

FN vf v_load_u8(const uint8_t *p)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)));
}
FN void v_store_u8(uint8_t *p, vf a)
{
    _mm_storeu_si128((__m128i *)p, _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(a)));
}

FN vm v_nle(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_NLE_UQ); }
FN float v_max_lanes(vf a) { return _mm512_reduce_max_ps(a); }

FN vf v_load_u8_first(const uint8_t *p, ptrdiff_t n)
{
    if (n >= VL) return v_load_u8(p);
    const uint64_t high = n > 8 ? load_bytes(p + 8, n - 8) : 0;
    const __m128i b = _mm_set_epi64x((long long)high, (long long)load_bytes(p, n > 8 ? 8 : n));
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(b));
}
FN void v_store_u8_first(uint8_t *p, vf a, ptrdiff_t n)
{
    _mm512_mask_cvtepi32_storeu_epi8(p, vm_first(n), _mm512_cvtps_epi32(a));
}
FN vf v_load_i32_first(const int32_t *p, ptrdiff_t n)
{
    return _mm512_cvtepi32_ps(_mm512_maskz_loadu_epi32(vm_first(n), p));
}
FN void v_store_i32_first(int32_t *p, vf a, ptrdiff_t n)
{
    _mm512_mask_storeu_epi32(p, vm_first(n), _mm512_cvtps_epi32(a));
}

typedef uint64_t vq __attribute__((vector_size(4 * VL)));

FN vq q_mul(vq a, uint32_t m) { return (vq)_mm512_mul_epu32((__m512i)a, _mm512_set1_epi64(m)); }
FN vq q_zip_even(vq a, vq b) { return (vq)_mm512_unpacklo_epi64((__m512i)a, (__m512i)b); }
FN vq q_zip_odd(vq a, vq b) { return (vq)_mm512_unpackhi_epi64((__m512i)a, (__m512i)b); }
FN vm q_words_ge(vq a, uint32_t t) { return _mm512_cmpge_epu32_mask((__m512i)a, _mm512_set1_epi32((int)t)); }
