#if defined(__x86_64__)
#include "target_begin.h"
TARGET_BEGIN("avx2,fma")
#define NAME avx2
#include "simd_avx2.h"

#include "kernel_bodies.h"
TARGET_END
#endif
