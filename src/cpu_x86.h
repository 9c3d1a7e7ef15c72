/* Feature detection for the x86 levels, of the processor and the operating system. Included before TARGET_BEGIN, since
 * this code must run on any processor. */
#include <cpuid.h>
#include <stdint.h>

/* Register states that the operating system must save (XCR0): SSE and AVX; and opmask, ZMM_Hi256, Hi16_ZMM */
enum { SAVES_YMM = 0x6, SAVES_ZMM = 0xe6 };

enum { IN_EBX, IN_ECX, IN_EDX };

/* Bit `bit` of a register that CPUID returns for a leaf (subleaf 0) */
static inline int cpu_has(uint32_t leaf, int where, int bit)
{
    uint32_t a, b, c, d;
    if (!__get_cpuid_count(leaf, 0, &a, &b, &c, &d)) return 0;
    return ((where == IN_EBX ? b : where == IN_ECX ? c : d) >> bit) & 1;
}

static inline int system_saves(uint32_t state)
{
    uint32_t lo, hi;
    if (!cpu_has(1, IN_ECX, 27) || !cpu_has(1, IN_ECX, 28)) return 0; /* osxsave, avx */
    __asm__("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (lo & state) == state;
}
