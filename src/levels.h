/* The instruction-set levels, slowest first. A level NAME consists of isa_NAME.c, which defines its tables
 * fc_kernels_NAME and its test fc_runs_NAME, its vector header simd_NAME.h, and its entry in this list. */
#ifndef FC_LEVELS_H
#define FC_LEVELS_H

#include "fastconv.h"

#if defined(__x86_64__)
#define FC_LEVELS(EACH) EACH(portable) EACH(avx2) EACH(avx512)
#else
#define FC_LEVELS(EACH) EACH(portable)
#endif

#define FC_COUNT_LEVEL(level) +1
enum { FC_N_LEVELS = 0 FC_LEVELS(FC_COUNT_LEVEL) };

/* fc_runs_NAME: whether the processor supports the instructions and the operating system saves the registers. */
#define FC_DECLARE_LEVEL(level)                                                                                        \
    extern const fc_kernels fc_kernels_##level;                                                                        \
    int fc_runs_##level(void);
FC_LEVELS(FC_DECLARE_LEVEL)

/* The levels that this machine can run, slowest first; returns their number. */
int fc_available(const fc_kernels *out[FC_N_LEVELS]);

#endif
