/* Elementwise micro-kernels: see elementwise.h and dropout.h. Unless noted otherwise, all arrays are (n), and the
 * output may be one of the inputs. */
#ifndef FC_TABLE_ELEMENTWISE_H
#define FC_TABLE_ELEMENTWISE_H

#include <stddef.h>
#include <stdint.h>

/* rate = threshold / 2^32, scale = 1 / (1 - rate) */
typedef struct {
    uint64_t seed, step;
    uint32_t threshold;
    float scale;
} fc_dropout;

typedef struct fc_elementwise {
    void (*relu_fwd)(ptrdiff_t n, const float *x, float *y);
    void (*relu_bwd)(ptrdiff_t n, const float *dy, const float *y, float *dx);
    void (*add)(ptrdiff_t n, const float *x, const float *y, float *out);
    void (*affine)(ptrdiff_t n, const float *x, float *y, float scale, float offset);
    void (*affine_u8)(ptrdiff_t n, const uint8_t *x, float *y, float scale, float offset);

    /* x, y (rows, n), b (n); sum (n) = the sum over the rows of x, which are ldx floats apart */
    void (*bias_add)(ptrdiff_t rows, ptrdiff_t n, const float *x, const float *b, float *y);
    void (*sum_rows)(ptrdiff_t rows, ptrdiff_t n, const float *x, ptrdiff_t ldx, float *sum);

    /* y = x * scale where kept, else 0, for the n elements from index `first` on, a multiple of 4 */
    void (*dropout)(ptrdiff_t n, uint64_t first, const float *x, float *y, const fc_dropout *d);
} fc_elementwise;

#endif
