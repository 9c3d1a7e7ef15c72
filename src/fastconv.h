/* What a build for one instruction set offers to the Cython kernels: its tile sizes and micro-kernels.
 *
 * The table is filled by isa_<name>.c and chosen once by dispatch.c. A micro-kernel knows nothing of threads and
 * allocates nothing; whoever calls it owns every array. Offsets and strides are in floats.
 */
#ifndef FASTCONV_H
#define FASTCONV_H

#include <stddef.h>
#include <stdint.h>

enum fc_act { FC_ACT_NONE = 0, FC_ACT_RELU = 1 };

/* What happens to a finished tile on its way to memory: c = act(alpha * acc + beta * c + bias). */
typedef struct {
    float alpha, beta;
    const float *bias; /* one per column, or NULL */
    int act;           /* enum fc_act */
} fc_epilogue;

typedef struct {
    const char *name;
    int vl, mr, nr;

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
     * products); a, b are read in place. `b` rows must be readable for `n` floats only. c as above. */
    void (*column_tile)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t n_points, const float *a, const ptrdiff_t *points,
                        const float *b, ptrdiff_t ldb, float *c, ptrdiff_t ldc, const fc_epilogue *ep);
} fc_kernels;

extern const fc_kernels fc_kernels_portable;
#if defined(__x86_64__)
extern const fc_kernels fc_kernels_avx2;
extern const fc_kernels fc_kernels_avx512;
#endif

/* The levels this processor and operating system run, slowest first; returns how many. */
int fc_available(const fc_kernels *out[3]);

/* Scratch memory of the calling thread, at least `bytes` long and aligned to a page, or NULL if there is none to be
 * had. Valid until the same thread asks for a larger one in the same slot. FC_TEAM: what the calling thread shares
 * with its team; FC_OWN: what each thread keeps to itself. */
enum { FC_TEAM = 0, FC_OWN = 1, FC_INNER = 2, FC_SCRATCH_SLOTS = 3 };
void *fc_scratch(int slot, size_t bytes);

/* Denormals to zero in this thread; returns the state that fc_restore_denormals takes back. */
unsigned fc_flush_denormals(void);
void fc_restore_denormals(unsigned state);

#endif
