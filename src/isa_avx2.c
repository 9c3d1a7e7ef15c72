#if defined(__x86_64__)
#include "cpu_x86.h"
#include "levels.h"

int fc_runs_avx2(void)
{
    return system_saves(SAVES_YMM) && cpu_has(1, IN_ECX, 12) && cpu_has(7, IN_EBX, 5); /* fma, avx2 */
}

#include "target_begin.h"
TARGET_BEGIN("avx2,fma")
#define NAME avx2
#include "simd_avx2.h"

#include "kernel_bodies.h"
TARGET_END
#endif
