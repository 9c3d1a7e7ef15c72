/* Which levels this machine can run. */
#include "levels.h"

int fc_available(const fc_kernels *out[FC_N_LEVELS])
{
    int n = 0;
#define OFFER(level)                                                                                                   \
    if (fc_runs_##level()) out[n++] = &fc_kernels_##level;
    FC_LEVELS(OFFER)
    return n;
}
