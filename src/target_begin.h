/* TARGET_BEGIN("avx2,fma") ... TARGET_END: the code in between is compiled for these instruction sets, so that the
 * build needs no flags per file. System headers are included first: their functions must keep the base target. */
#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PRAGMA(x) _Pragma(#x)
#if defined(__clang__)
#define TARGET_BEGIN(isa) PRAGMA(clang attribute push(__attribute__((target(isa))), apply_to = function))
#define TARGET_END _Pragma("clang attribute pop")
#else
#define TARGET_BEGIN(isa) _Pragma("GCC push_options") PRAGMA(GCC target(isa))
#define TARGET_END _Pragma("GCC pop_options")
#endif
