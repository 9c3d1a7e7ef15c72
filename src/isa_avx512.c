#if defined(__x86_64__)
#include "cpu_x86.h"
#include "levels.h"

int fc_runs_avx512(void)
{
    return fc_runs_avx2() && system_saves(SAVES_ZMM) && cpu_has(7, IN_EBX, 16); /* avx512f */
}

#include "target_begin.h"
TARGET_BEGIN("avx512f,avx2,fma,prefer-vector-width=512")
#define NAME avx512
#include "simd_avx512.h"

#include "kernel_bodies.h"
TARGET_END
#endif
