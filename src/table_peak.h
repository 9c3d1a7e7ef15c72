/* Peak throughput measurement: see peak.h. */
#ifndef FC_TABLE_PEAK_H
#define FC_TABLE_PEAK_H

#include <stddef.h>

typedef struct fc_peak {
    /* n links of every chain of multiply-adds; returns the number of floating-point operations */
    double (*fma_chains)(ptrdiff_t n, const float *factor_term, float *out);
} fc_peak;

#endif
