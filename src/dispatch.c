/* Which levels run here: the processor must have the instructions and the operating system must save the registers. */
#include "fastconv.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <xmmintrin.h>

static uint64_t saved_state(void)
{
    uint32_t lo, hi;
    __asm__("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return ((uint64_t)hi << 32) | lo;
}

int fc_available(const fc_kernels *out[3])
{
    int n = 0;
    out[n++] = &fc_kernels_portable;
    uint32_t a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return n;
    const int osxsave = (c >> 27) & 1, avx = (c >> 28) & 1, fma = (c >> 12) & 1;
    if (!(osxsave && avx && fma)) return n;
    const uint64_t state = saved_state();
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return n;
    const int avx2 = (b >> 5) & 1, avx512f = (b >> 16) & 1;
    const uint64_t ymm = 0x6, zmm = 0xe6; /* XCR0: SSE+AVX; and opmask, ZMM_Hi256, Hi16_ZMM */
    if (!avx2 || (state & ymm) != ymm) return n;
    out[n++] = &fc_kernels_avx2;
    if (!avx512f || (state & zmm) != zmm) return n;
    out[n++] = &fc_kernels_avx512;
    return n;
}

unsigned fc_flush_denormals(void)
{
    const unsigned old = _mm_getcsr();
    _mm_setcsr(old | 0x8040); /* flush-to-zero, denormals-are-zero */
    return old;
}

void fc_restore_denormals(unsigned state) { _mm_setcsr(state); }

#else

int fc_available(const fc_kernels *out[3])
{
    out[0] = &fc_kernels_portable;
    return 1;
}

unsigned fc_flush_denormals(void) { return 0; }
void fc_restore_denormals(unsigned state) { (void)state; }

#endif
