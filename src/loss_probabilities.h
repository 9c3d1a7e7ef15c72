/* Cross-entropy of probabilities, plain or focal: for each row of n outputs y with targets t and weight w,
 * q = y / sum(y) clipped to LOSS_TINY away from 0 and 1 (with gradient 0 where clipped),
 *
 *     loss = w * alpha * -sum_j t_j (1 - q_j)^gamma ln q_j
 *
 * gamma = 0 and alpha = 1 give plain cross-entropy. A t_j of 0 contributes 0. */

/* One term of the sum, and its derivative with respect to y / sum(y) */
FN vf probability_loss(vf share, vf t, float gamma, float alpha, vf *slope)
{
    vm inside;
    const vf one = v_set1(1.0f), q = kept_inside(share, 1.0f - LOSS_TINY, &inside), log = v_log(q), rest = one - q;
    vf power = v_set1(alpha) * t, pull = power / q;
    if (gamma != 0.0f) {
        const vf g = v_set1(gamma);
        power *= v_exp(g * v_log(rest));
        pull = power * (one / q - g * log / rest);
    }
    *slope = v_select(inside, v_zero() - pull, v_zero());
    return v_zero() - power * log;
}

static double probabilities_loss(ptrdiff_t rows, ptrdiff_t n, const float *y, const float *t, const float *weights,
                                 const fc_loss *l, float *dy)
{
    const vf keep = v_set1(l->keep), add = v_set1(l->add);
    const float gamma = l->number[0], alpha = l->number[1];
    double loss = 0.0;
    for (ptrdiff_t r = 0; r < rows; r++, y += n, t += n) {
        vf sum = v_zero(), parts = v_zero(), dot = v_zero(), slope;
        for (ptrdiff_t i = 0; i < n; i += VL) sum += v_load_first(y + i, n - i);
        const vf inverse = v_set1(1.0f / v_sum(sum));
        for (ptrdiff_t i = 0; i < n; i += VL) {
            const vf share = inverse * v_load_first(y + i, n - i), target = v_fma(keep, v_load_first(t + i, n - i), add);
            const vf part = probability_loss(share, target, gamma, alpha, &slope);
            parts += v_select(vm_first(n - i), part, v_zero());
            dot = v_fma(slope, share, dot); /* a share beyond the end is 0 */
        }
        loss += (double)weights[r] * v_sum(parts);
        if (!dy) continue;
        /* dq_j / dy_k = ((1 if j is k else 0) - q_j) / sum; shares are computed again, since dy may be y or t */
        const vf mean = v_set1(v_sum(dot)), w = inverse * v_set1(weights[r]);
        for (ptrdiff_t i = 0; i < n; i += VL) {
            const vf share = inverse * v_load_first(y + i, n - i), target = v_fma(keep, v_load_first(t + i, n - i), add);
            probability_loss(share, target, gamma, alpha, &slope);
            v_store_first(dy + i, w * (slope - mean), n - i);
        }
        dy += n;
    }
    return loss;
}
