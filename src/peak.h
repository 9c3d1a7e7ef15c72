/* Peak multiply-add throughput of a level: independent chains in registers, more of them than the latency of an FMA
 * times the number of units. acc = acc * factor + term stays near term / (1 - factor). */

#define FMA_CHAINS 12

/* n links of every chain. factor and term are read from memory, so that the compiler does not know them, and the sum of
 * all chains is stored, so that it cannot remove them. Returns the number of floating-point operations. */
static double fma_chains(ptrdiff_t n, const float *factor_term, float *out)
{
    const vf factor = v_set1(factor_term[0]), term = v_set1(factor_term[1]);
    vf acc[FMA_CHAINS];
#pragma GCC unroll 12
    for (int i = 0; i < FMA_CHAINS; i++) acc[i] = v_set1((float)i);
    for (ptrdiff_t k = 0; k < n; k++)
#pragma GCC unroll 12
        for (int i = 0; i < FMA_CHAINS; i++) acc[i] = v_fma(acc[i], factor, term);
    vf sum = v_zero();
#pragma GCC unroll 12
    for (int i = 0; i < FMA_CHAINS; i++) sum += acc[i];
    *out = v_sum(sum);
    return 2.0 * VL * FMA_CHAINS * (double)n;
}
