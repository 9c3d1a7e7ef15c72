/* What a build for one instruction set offers to the Cython kernels: its tile sizes and micro-kernels.
 *
 * The table is filled by isa_<name>.c and chosen once by dispatch.c. A micro-kernel knows nothing of threads and
 * allocates nothing; whoever calls it owns every array. Offsets and strides are in floats.
 */
#ifndef FASTCONV_H
#define FASTCONV_H

#include <stddef.h>
#include <stdint.h>

#include "table_depthwise.h"
#include "table_merge.h"
#include "table_pooling.h"

enum fc_act { FC_ACT_NONE = 0, FC_ACT_RELU = 1 };

/* What happens to a finished tile on its way to memory: c = act(alpha * acc + beta * c + bias). */
typedef struct {
    float alpha, beta;
    const float *bias; /* one per column, or NULL */
    int act;           /* enum fc_act */
} fc_epilogue;

/* Pooling of one image: x (ih, iw, ic), y (oh, ow, ic); see fastconv/plan/geometry/shapes.py. Every window touches x. */
typedef struct fc_pool_geometry {
    ptrdiff_t ih, iw, ic, oh, ow, kh, kw, sh, sw, pt, pl;
} fc_pool;

/* How max pooling stores the number of the winning tap */
enum fc_arg { FC_ARG_NONE = 0, FC_ARG_U8 = 1, FC_ARG_I32 = 4 };

/* Dropout: see dropout.h. rate = threshold / 2^32, scale = 1 / (1 - rate) */
typedef struct {
    uint64_t seed, step;
    uint32_t threshold;
    float scale;
} fc_dropout;

struct fc_losses;
struct fc_optimizers;

typedef struct {
    const char *name;
    int vl, mr, nr, gemm_mr;

    /* Packs b (k, n), strides rs and cs, n <= width, into one panel out[k][width], the missing columns zero. */
    void (*pack_panel)(ptrdiff_t k, ptrdiff_t n, ptrdiff_t width, const float *b, ptrdiff_t rs, ptrdiff_t cs,
                       float *out);

    /* Row tile: c[i][j] = epilogue(sum_t sum_k a[rows[i] + taps[t] + k] * b[t][k][j])
     * a rows are read in place, k runs over consecutive floats; b is packed in panels of `width` columns
     * (a multiple of VL, at most NR; see pack_panel). c (m, n), row i at c + i*ldc, is written.
     * 1 <= m <= MR, 1 <= n <= width. */
    void (*row_tile)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, ptrdiff_t n_taps, const float *a, const ptrdiff_t *rows,
                     const ptrdiff_t *taps, const float *b, float *c, ptrdiff_t ldc, const fc_epilogue *ep);

    /* Column tile: c[i][j] = epilogue(sum_p a[points[p] + i] * b[p*ldb + j])
     * the outer-product form, for a operand that is contiguous along the rows of c (weight gradients, transposed
     * products); a, b are read in place. `b` rows must be readable for `n` floats only. c as above, but
     * 1 <= m <= gemm_mr. */
    void (*column_tile)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t n_points, const float *a, const ptrdiff_t *points,
                        const float *b, ptrdiff_t ldb, float *c, ptrdiff_t ldc, const fc_epilogue *ep);

    /* c (m, n) = a (m, k) times a panel b as for row_tile, 1 <= n <= nr; rows of a lie `lda` floats apart. */
    void (*panel_product)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b,
                          float *c, ptrdiff_t ldc);

    /* The product of packed operands: see gemm.h. a in panels of gemm_mr rows, b in panels of nr columns;
     * c (m, n) = epilogue(a panel times b panel), 1 <= m <= gemm_mr, 1 <= n <= nr. */
    void (*gemm_pack_a)(ptrdiff_t m, ptrdiff_t k, const float *a, ptrdiff_t rs, ptrdiff_t cs, float *out);
    void (*gemm_pack_b)(ptrdiff_t k, ptrdiff_t n, const float *b, ptrdiff_t rs, ptrdiff_t cs, float *out);
    void (*gemm_tile)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, const float *b, float *c, ptrdiff_t ldc,
                      const fc_epilogue *ep);

    /* Winograd's transforms of one tile, all channels: see winograd.h. */
    void (*winograd_input)(const float *x, ptrdiff_t row, ptrdiff_t channels, float *v, ptrdiff_t fr,
                           ptrdiff_t fc);
    void (*winograd_filter)(const float *w, ptrdiff_t tap, ptrdiff_t n, ptrdiff_t width, float *u, ptrdiff_t fs);
    void (*winograd_output)(const float *m, ptrdiff_t fr, ptrdiff_t fc, ptrdiff_t channels, const float *bias, int act,
                            float *y, ptrdiff_t row, ptrdiff_t pixel, int rows, int columns);
    void (*winograd_output_pooled)(const float *m, ptrdiff_t fr, ptrdiff_t fc, ptrdiff_t channels, const float *bias,
                                   int act, float *y, uint8_t *argmax, ptrdiff_t row, ptrdiff_t pixel, int rows, int columns);
    void (*unpool_row)(const float *dy, const uint8_t *argmax, ptrdiff_t n, ptrdiff_t channels, int lower, float *out);
    void (*winograd_gradient)(const float *y, ptrdiff_t row, ptrdiff_t channels, float *v, ptrdiff_t fr,
                           ptrdiff_t fc);
    void (*winograd_weights)(const float *m, ptrdiff_t parts, ptrdiff_t stride, ptrdiff_t fs, ptrdiff_t n, float *dw,
                             ptrdiff_t tap);

    /* Elementwise: see elementwise.h */
    void (*relu_fwd)(ptrdiff_t n, const float *x, float *y);
    void (*relu_bwd)(ptrdiff_t n, const float *dy, const float *y, float *dx);
    void (*add)(ptrdiff_t n, const float *x, const float *y, float *out);
    void (*affine)(ptrdiff_t n, const float *x, float *y, float scale, float offset);
    void (*affine_u8)(ptrdiff_t n, const uint8_t *x, float *y, float scale, float offset);
    void (*bias_add)(ptrdiff_t rows, ptrdiff_t n, const float *x, const float *b, float *y);
    void (*sum_rows)(ptrdiff_t rows, ptrdiff_t n, const float *x, ptrdiff_t ldx, float *sum);

    /* Pooling, row by row: see pool_max.h, pool_max_bwd.h, pool_avg.h, pool_avg_bwd.h */
    void (*max_pool_fwd_row)(const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, const float *x, float *y, int kind,
                             void *arg);
    void (*max_pool_bwd_row)(const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, const float *dy, int kind, const void *arg,
                             float *dx);
    void (*avg_pool_fwd_row)(const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, int divisor, const float *x, float *y);
    void (*avg_pool_bwd_row)(const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, int divisor, const float *dy, float *dx);

    /* Softmax: see softmax.h */
    void (*softmax_fwd)(ptrdiff_t rows, ptrdiff_t n, const float *x, float *y);
    void (*softmax_bwd)(ptrdiff_t rows, ptrdiff_t n, const float *dy, const float *y, float *dx);

    void (*dropout)(ptrdiff_t n, uint64_t first, const float *x, float *y, const fc_dropout *d);

    /* Families with a table of their own: table_optimizers.h */
    const struct fc_optimizers *optimizers;
    const struct fc_losses *losses;

    /* For measuring: see peak.h */
    double (*fma_chains)(ptrdiff_t n, const float *factor_term, float *out);

    /* Families with a table of their own */
    const fc_depthwise *depthwise;
    const fc_merge *merge;
    const void *activations; /* fc_activation[], see table_activations.h */
    const void *channels;    /* fc_channels, see table_channels.h */
    const fc_pooling *pooling;
} fc_kernels;

extern const fc_kernels fc_kernels_portable;
#if defined(__x86_64__)
extern const fc_kernels fc_kernels_avx2;
extern const fc_kernels fc_kernels_avx512;
#endif

/* The levels this processor and operating system run, slowest first; returns how many. */
int fc_available(const fc_kernels *out[3]);

/* Scratch memory of the calling thread, at least `bytes` long and aligned to a page, or NULL if there is none to be
 * had. Valid until the same thread asks for a larger one in the same slot. FC_TEAM and FC_TABLE: what the calling
 * thread shares with its team; FC_OWN and FC_INNER: what each thread keeps to itself. */
enum { FC_TEAM, FC_TABLE, FC_OWN, FC_INNER, FC_SCRATCH_SLOTS };
void *fc_scratch(int slot, size_t bytes);

/* Denormals to zero in this thread; returns the state that fc_restore_denormals takes back. */
unsigned fc_flush_denormals(void);
void fc_restore_denormals(unsigned state);

#endif
