#if defined(__x86_64__)
#include "target_begin.h"
TARGET_BEGIN("avx512f,avx2,fma,prefer-vector-width=512")
#define NAME avx512
#include "simd_avx512.h"

#include "kernel_bodies.h"
TARGET_END
#endif
