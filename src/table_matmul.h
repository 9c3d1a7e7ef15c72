/* The micro-kernels of matrix products and direct convolutions: see matmul_tiles.h, outer.h, rows.h, pack.h and gemm.h. */
#ifndef FC_TABLE_MATMUL_H
#define FC_TABLE_MATMUL_H

#include <stddef.h>

/* The epilogue of a register tile: c = act(alpha * acc + beta * c + bias). */
typedef struct {
    float alpha, beta;
    const float *bias; /* one per column, or NULL */
    int act;           /* enum fc_act */
} fc_epilogue;

typedef struct fc_matmul {
    /* VL, MR, NR, GMR: floats of a vector; rows of a row tile; columns of any tile; rows of a column tile and of
     * gemm_tile */
    int vl, mr, nr, gemm_mr;

    /* Packs b (k, n), strides rs and cs, n <= width, into one panel out[k][width], the missing columns zero. */
    void (*pack_panel)(ptrdiff_t k, ptrdiff_t n, ptrdiff_t width, const float *b, ptrdiff_t rs, ptrdiff_t cs,
                       float *out);

    /* Row tile: c[i][j] = epilogue(sum_t sum_k a[rows[i] + taps[t] + k] * b[t][k][j])
     * rows of a are read in place, k runs over consecutive floats; b is packed in panels of `width` columns
     * (a multiple of VL, at most NR; see pack_panel). c (m, n), row i at c + i*ldc, is written.
     * 1 <= m <= MR, 1 <= n <= width. */
    void (*row_tile)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, ptrdiff_t n_taps, const float *a, const ptrdiff_t *rows,
                     const ptrdiff_t *taps, const float *b, float *c, ptrdiff_t ldc, const fc_epilogue *ep);

    /* Column tile: c[i][j] = epilogue(sum_p a[points[p] + i] * b[p*ldb + j])
     * the outer-product form, for an operand a that is contiguous along the rows of c (weight gradients, transposed
     * products); a and b are read in place. Only `n` floats of each row of b are read. c as above, but
     * 1 <= m <= gemm_mr. */
    void (*column_tile)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t n_points, const float *a, const ptrdiff_t *points,
                        const float *b, ptrdiff_t ldb, float *c, ptrdiff_t ldc, const fc_epilogue *ep);

    /* c[i][j] = epilogue(sum_x a[x*lda + i] * b[x*ldb + j]) for 1 <= m <= gemm_mr, 1 <= n <= nr; a and b are read in
     * place, only m and n floats of each row. Meanwhile the cache lines at next, next + hop, ... are fetched, one for each
     * of the k rows. */
    void (*outer_tile)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b,
                       ptrdiff_t ldb, float *c, ptrdiff_t ldc, const char *next, ptrdiff_t hop, const fc_epilogue *ep);

    /* c (m, n) = epilogue(a (m, k) times a panel b as for row_tile), 1 <= m <= gemm_mr, 1 <= n <= nr; rows of a are `lda`
     * floats apart. Lines are fetched as in outer_tile. With `streams`, c is written past the cache, and threads see it
     * after streams_done; it must then be aligned as a cache line, ldc and n be multiples of a line's 16 floats, alpha be
     * 1 and beta 0. */
    void (*rows_tile)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b, float *c,
                      ptrdiff_t ldc, const char *next, ptrdiff_t hop, int streams, const fc_epilogue *ep);
    void (*streams_done)(void);

    /* c (m, n) = a (m, k) times a panel b as for row_tile, 1 <= n <= nr; rows of a are `lda` floats apart. */
    void (*panel_product)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b,
                          float *c, ptrdiff_t ldc);

    /* sums += a (m, k) @ b (k, n), or a @ b alone if `first`: one of several such steps, of which the one that receives
     * `last` writes c = last(sums) instead. 1 <= m <= MR; rows of a are `lda` floats apart, those of b `ldb`, and only n
     * floats of each are read; sums has m times n floats, n rounded up to whole vectors, in an order of its own. */
    void (*few_rows)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b,
                     ptrdiff_t ldb, float *sums, int first, float *c, ptrdiff_t ldc, const fc_epilogue *last);

    /* c[i][j] = epilogue(sum_x a[i*lda + x] * b[j*ldb + x]) for 1 <= m <= 4 rows of a and n rows of b, summed in the
     * lanes of vectors first. */
    void (*dots)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b, ptrdiff_t ldb,
                 float *c, ptrdiff_t ldc, const fc_epilogue *ep);

    /* The product of packed operands: see gemm.h. a in panels of gemm_mr rows, b in panels of nr columns;
     * c (m, n) = epilogue(a panel times b panel), 1 <= m <= gemm_mr, 1 <= n <= nr. */
    void (*gemm_pack_a)(ptrdiff_t m, ptrdiff_t k, const float *a, ptrdiff_t rs, ptrdiff_t cs, float *out);
    void (*gemm_pack_b)(ptrdiff_t k, ptrdiff_t n, const float *b, ptrdiff_t rs, ptrdiff_t cs, float *out);
    void (*gemm_tile)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, const float *b, float *c, ptrdiff_t ldc,
                      const fc_epilogue *ep);
} fc_matmul;

#endif
