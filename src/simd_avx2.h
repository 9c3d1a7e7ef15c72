/* AVX2 with FMA: eight floats. simd_portable.h defines the operations. */
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bytes.h"

#define VL 8
#define MR 6
#define GMR 6
#define NV 2

typedef __m256 vf;
typedef __m256 vm;

#define FN static inline __attribute__((always_inline, unused))

FN vm vm_first(ptrdiff_t n)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(n > 8 ? 8 : (int)n), lane));
}
FN vm vm_or(vm a, vm b) { return _mm256_or_ps(a, b); }
FN vm vm_and(vm a, vm b) { return _mm256_and_ps(a, b); }

FN vf v_load(const float *p) { return _mm256_loadu_ps(p); }
FN void v_store(float *p, vf a) { _mm256_storeu_ps(p, a); }
FN void v_stream(float *p, vf a) { _mm256_stream_ps(p, a); }
FN void v_stream_fence(void) { _mm_sfence(); }
FN vf v_load_first(const float *p, ptrdiff_t n)
{
    return _mm256_maskload_ps(p, _mm256_castps_si256(vm_first(n)));
}
FN void v_store_first(float *p, vf a, ptrdiff_t n)
{
    _mm256_maskstore_ps(p, _mm256_castps_si256(vm_first(n)), a);
}
FN vf v_set1(float a) { return _mm256_set1_ps(a); }
FN vf v_zero(void) { return _mm256_setzero_ps(); }
FN vf v_broadcast(const float *p) { return _mm256_broadcast_ss(p); }

FN vf v_load_quads(const float *p, ptrdiff_t stride, ptrdiff_t n)
{
    const __m128 low = n > 0 ? _mm_loadu_ps(p) : _mm_setzero_ps();
    return _mm256_insertf128_ps(_mm256_castps128_ps256(low), n > 1 ? _mm_loadu_ps(p + stride) : _mm_setzero_ps(), 1);
}
FN vf v_zip_low(vf a, vf b) { return _mm256_unpacklo_ps(a, b); }
FN vf v_zip_high(vf a, vf b) { return _mm256_unpackhi_ps(a, b); }
FN vf v_low_pairs(vf a, vf b) { return _mm256_shuffle_ps(a, b, 0x44); }
FN vf v_high_pairs(vf a, vf b) { return _mm256_shuffle_ps(a, b, 0xee); }

FN void v_store_sum_of_quads(float *p, vf a)
{
    _mm_storeu_ps(p, _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1)));
}

FN vf v_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
FN vf v_fnma(vf a, vf b, vf c) { return _mm256_fnmadd_ps(a, b, c); }
FN vf v_max(vf a, vf b) { return _mm256_max_ps(a, b); }
FN vf v_min(vf a, vf b) { return _mm256_min_ps(a, b); }
FN vf v_sqrt(vf a) { return _mm256_sqrt_ps(a); }
FN vf v_round(vf a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
FN vf v_pow2(vf n)
{
    __m256i e = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
    return _mm256_castsi256_ps(e);
}

FN vm v_gt(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_GT_OQ); }
FN vm v_eq(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
FN vm v_isnan(vf a) { return _mm256_cmp_ps(a, a, _CMP_UNORD_Q); }
FN vf v_select(vm m, vf a, vf b) { return _mm256_blendv_ps(b, a, m); }

FN float v_sum(vf a)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    s = _mm_add_ss(s, _mm_shuffle_ps(s, s, 1));
    return _mm_cvtss_f32(s);
}

FN vf v_load_u8(const uint8_t *p)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}
FN void v_store_u8(uint8_t *p, vf a)
{
    __m256i i = _mm256_cvtps_epi32(a);
    __m128i h = _mm_packus_epi32(_mm256_castsi256_si128(i), _mm256_extracti128_si256(i, 1));
    _mm_storel_epi64((__m128i *)p, _mm_packus_epi16(h, h));
}

FN vm v_nle(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_NLE_UQ); }
FN float v_max_lanes(vf a)
{
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    m = _mm_max_ss(m, _mm_shuffle_ps(m, m, 1));
    return _mm_cvtss_f32(m);
}

FN vf v_load_u8_first(const uint8_t *p, ptrdiff_t n)
{
    return n >= VL ? v_load_u8(p) : _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)load_bytes(p, n))));
}
FN void v_store_u8_first(uint8_t *p, vf a, ptrdiff_t n)
{
    if (n >= VL) {
        v_store_u8(p, a);
    } else {
        uint64_t b;
        v_store_u8((uint8_t *)&b, a);
        store_bytes(p, b, n);
    }
}
FN vf v_load_i32_first(const int32_t *p, ptrdiff_t n)
{
    return _mm256_cvtepi32_ps(_mm256_maskload_epi32(p, _mm256_castps_si256(vm_first(n))));
}
FN void v_store_i32_first(int32_t *p, vf a, ptrdiff_t n)
{
    _mm256_maskstore_epi32(p, _mm256_castps_si256(vm_first(n)), _mm256_cvtps_epi32(a));
}

typedef uint64_t vq __attribute__((vector_size(4 * VL)));

FN vq q_mul(vq a, uint32_t m) { return (vq)_mm256_mul_epu32((__m256i)a, _mm256_set1_epi64x(m)); }
FN vq q_zip_even(vq a, vq b) { return (vq)_mm256_unpacklo_epi64((__m256i)a, (__m256i)b); }
FN vq q_zip_odd(vq a, vq b) { return (vq)_mm256_unpackhi_epi64((__m256i)a, (__m256i)b); }
FN vm q_words_ge(vq a, uint32_t t)
{
    const __m256i larger = _mm256_max_epu32((__m256i)a, _mm256_set1_epi32((int)t));
    return _mm256_castsi256_ps(_mm256_cmpeq_epi32(larger, (__m256i)a));
}
