/* Softmax and cross-entropy in one pass: for each row z of n logits, with p = softmax(z), target t and weight w,
 *
 *     loss = w * -sum_j t_j log p_j = w * (sum(t) log(sum(exp(z - m))) - sum_j t_j (z_j - m)),   m = max z
 *     dz   = w * (sum(t) p - t)
 *
 * where sum(t) is 1 for a label or a proper distribution. A t_j of 0 contributes 0 whatever its logit. With label
 * smoothing s, t is replaced by (1 - s) t + s / n. */

/* sum_j t_j (z_j - m); *total = sum_j t_j */
FN float target_dot(ptrdiff_t n, const float *t, const float *z, float m, float *total)
{
    const vf shift = v_set1(m);
    vf dot = v_zero(), sum = v_zero();
    for (ptrdiff_t i = 0; i < n; i += VL) {
        const vf v = v_load_first(t + i, n - i);
        sum += v;
        const vf term = v * (v_load_first(z + i, n - i) - shift);
        dot += v_select(v_eq(v, v_zero()), v_zero(), term);
    }
    *total = v_sum(sum);
    return v_sum(dot);
}

/* sum_j (z_j - m) */
FN float shifted_sum(ptrdiff_t n, const float *z, float m)
{
    const vf shift = v_set1(m);
    vf sum = v_zero();
    for (ptrdiff_t i = 0; i < n; i += VL)
        sum += v_select(vm_first(n - i), v_load_first(z + i, n - i) - shift, v_zero());
    return v_sum(sum);
}

/* See table_losses.h. */
static double softmax_cross_entropy(ptrdiff_t rows, ptrdiff_t n, const float *z, const int64_t *labels,
                                    const float *targets, const float *weights, float smoothing, float *p, float *dz)
{
    const float sharp = 1.0f - smoothing, even = smoothing / (float)n;
    double loss = 0.0;
    for (ptrdiff_t r = 0; r < rows; r++) {
        const float m = row_max(n, z), w = weights[r], *t = targets ? targets + r * n : NULL;
        float total = 1.0f; /* the logits are read before p or dz may overwrite them */
        float dot = t ? target_dot(n, t, z, m, &total) : z[labels[r]] - m;
        if (smoothing != 0.0f) {
            dot = sharp * dot + even * shifted_sum(n, z, m);
            total = sharp * total + smoothing;
        }
        float *e = p ? p : dz;
        const float sum = row_exp(n, z, m, e);
        loss += (double)w * (total * log((double)sum) - dot);
        if (p) affine(n, p, p, 1.0f / sum, 0.0f);
        if (dz) {
            const float scale = p ? total : total / sum;
            if (t) {
                const vf s = v_set1(scale), v = v_set1(w), keep = v_set1(sharp), add = v_set1(even);
                for (ptrdiff_t i = 0; i < n; i += VL) {
                    const vf target = v_fma(keep, v_load_first(t + i, n - i), add);
                    const vf d = v_load_first(e + i, n - i) * s - target;
                    v_store_first(dz + i, v * d, n - i);
                }
            } else {
                const float label = e[labels[r]] * scale;
                affine(n, e, dz, scale * w, -even * w);
                dz[labels[r]] = w * (label - sharp - even);
            }
            dz += n;
        }
        z += n;
        if (p) p += n;
    }
    return loss;
}
