/* AVX-512F: sixteen floats. See simd_portable.h for what each operation means. */
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define VL 16
#define MR 14
#define NV 2

typedef __m512 vf;
typedef __mmask16 vm;

#define FN static inline __attribute__((always_inline, unused))

FN vm vm_first(ptrdiff_t n) { return (vm)(n >= 16 ? 0xffffu : (1u << n) - 1u); }
FN vm vm_or(vm a, vm b) { return (vm)(a | b); }
FN vm vm_and(vm a, vm b) { return (vm)(a & b); }

FN vf v_load(const float *p) { return _mm512_loadu_ps(p); }
FN void v_store(float *p, vf a) { _mm512_storeu_ps(p, a); }
FN vf v_load_first(const float *p, ptrdiff_t n) { return _mm512_maskz_loadu_ps(vm_first(n), p); }
FN void v_store_first(float *p, vf a, ptrdiff_t n) { _mm512_mask_storeu_ps(p, vm_first(n), a); }
FN vf v_set1(float a) { return _mm512_set1_ps(a); }
FN vf v_zero(void) { return _mm512_setzero_ps(); }
FN vf v_broadcast(const float *p) { return _mm512_set1_ps(*p); }

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
