/* Losses that are sums over elements: for each row of n outputs y with targets t and weight w,
 *
 *     loss = w * scale * sum_j f(y_j, t_j),   dy_j = w * scale * f'(y_j, t_j).
 *
 * f is written once for each kind, together with its derivative with respect to y. Formulas as in Keras 3:
 * probabilities are clipped to LOSS_TINY away from 0 and 1, with gradient 0 where clipped. */
#define LOSS_TINY 1e-7f

/* y clipped to [LOSS_TINY, high], and whether it was inside. The bounds come first, so that NaN is propagated. */
FN vf kept_inside(vf y, float high, vm *inside)
{
    const vf kept = v_min(v_set1(high), v_max(v_set1(LOSS_TINY), y));
    *inside = v_eq(kept, y);
    return kept;
}

/* -(t ln p + (1 - t) ln(1 - p)) and its derivative with respect to p */
FN vf binary_entropy(vf p, vf t, vf *slope)
{
    const vf one = v_set1(1.0f), q = one - p, u = one - t;
    *slope = u / q - t / p;
    return v_zero() - v_fma(t, v_log(p), u * v_log(q));
}

/* 1 / (1 + e^-x), from e = e^-|x| */
FN vf sigmoid_of(vf x, vf e)
{
    const vf one = v_set1(1.0f), large = one / (one + e);
    return v_select(v_gt(v_zero(), x), e * large, large);
}

/* The binary focal loss of a probability y: (1 - p_t)^gamma times the binary entropy, p_t = t p + (1 - t) (1 - p),
 * times the weight of targets of 1 (number[1]) or 0 (number[2]). */
FN vf focal_loss(vf y, vf t, const fc_loss *l, vf *slope)
{
    vm inside;
    vf entropy_slope;
    const vf one = v_set1(1.0f), gamma = v_set1(l->number[0]), p = kept_inside(y, 1.0f - LOSS_TINY, &inside);
    const vf entropy = binary_entropy(p, t, &entropy_slope);
    const vf miss = v_max(v_set1(LOSS_TINY), one - v_fma(t, y, (one - t) * (one - y)));
    const vf power = v_exp(gamma * v_log(miss)), turn = one - (t + t); /* the derivative of miss */
    const vf count = v_fma(t, v_set1(l->number[1] - l->number[2]), v_set1(l->number[2]));
    const vf inner = v_select(inside, power * entropy_slope, v_zero());
    *slope = count * v_fma(gamma * power / miss * turn, entropy, inner);
    return count * power * entropy;
}

FN vf loss_at(const int kind, vf y, vf t, const fc_loss *l, vf *slope)
{
    const vf zero = v_zero(), one = v_set1(1.0f), d = y - t;
    vm inside;
    switch (kind) {
    case FC_LOSS_MSE:
        *slope = d + d;
        return d * d;
    case FC_LOSS_MAE:
        *slope = v_sign(d);
        return v_abs(d);
    case FC_LOSS_HUBER: {
        const vf delta = v_set1(l->number[0]), kept = v_min(delta, v_max(zero - delta, d));
        *slope = kept;
        return kept * v_fnma(v_set1(0.5f), kept, d); /* d^2 / 2 inside, delta |d| - delta^2 / 2 outside */
    }
    case FC_LOSS_LOG_COSH: {
        const vf a = v_abs(d), e = v_exp(zero - (a + a)), tanh = (one - e) / (one + e);
        *slope = v_select(v_gt(zero, d), zero - tanh, tanh);
        return a + v_log1p_unit(e) - v_set1(0.693147181f);
    }
    case FC_LOSS_HINGE:
    case FC_LOSS_SQUARED_HINGE: {
        const vf margin = v_fnma(t, y, one), m = v_max(zero, margin);
        if (kind == FC_LOSS_HINGE) {
            *slope = v_select(v_gt(margin, zero), zero - t, zero);
            return m;
        }
        *slope = zero - (t + t) * m;
        return m * m;
    }
    case FC_LOSS_KL: {
        const vf p = kept_inside(y, 1.0f, &inside), q = v_min(one, v_max(v_set1(LOSS_TINY), t));
        *slope = v_select(inside, zero - q / p, zero);
        return q * v_log(q / p);
    }
    case FC_LOSS_POISSON: {
        const vf p = y + v_set1(LOSS_TINY);
        *slope = one - t / p;
        return v_fnma(t, v_log(p), y);
    }
    case FC_LOSS_BCE: {
        const vf p = kept_inside(y, 1.0f - LOSS_TINY, &inside), loss = binary_entropy(p, t, slope);
        *slope = v_select(inside, *slope, zero);
        return loss;
    }
    case FC_LOSS_BCE_LOGITS: {
        const vf e = v_exp(zero - v_abs(y));
        *slope = sigmoid_of(y, e) - t;
        return v_fnma(y, t, v_max(zero, y)) + v_log1p_unit(e);
    }
    case FC_LOSS_FOCAL: return focal_loss(y, t, l, slope);
    default: {
        const vf e = v_exp(zero - v_abs(y)), p = sigmoid_of(y, e), loss = focal_loss(p, t, l, slope);
        *slope *= p * (one - p);
        return loss;
    }
    }
}

FN double pointwise_rows(const int kind, ptrdiff_t rows, ptrdiff_t n, const float *y, const float *t,
                         const float *weights, const fc_loss *l, float *dy)
{
    const vf keep = v_set1(l->keep), add = v_set1(l->add);
    double total = 0.0;
    for (ptrdiff_t r = 0; r < rows; r++, y += n, t += n) {
        const float weight = weights[r] * l->scale;
        const vf w = v_set1(weight);
        vf sum = v_zero();
        for (ptrdiff_t i = 0; i < n; i += VL) {
            vf slope;
            const vf target = v_fma(keep, v_load_first(t + i, n - i), add);
            const vf loss = loss_at(kind, v_load_first(y + i, n - i), target, l, &slope);
            sum += v_select(vm_first(n - i), loss, v_zero());
            if (dy) v_store_first(dy + i, w * slope, n - i);
        }
        if (dy) dy += n;
        total += (double)weight * v_sum(sum);
    }
    return total;
}

static double pointwise_loss(ptrdiff_t rows, ptrdiff_t n, const float *y, const float *t, const float *weights,
                             const fc_loss *l, float *dy)
{
#define KIND(kind) \
    case kind: return pointwise_rows(kind, rows, n, y, t, weights, l, dy)
    switch (l->kind) {
        KIND(FC_LOSS_MSE);
        KIND(FC_LOSS_MAE);
        KIND(FC_LOSS_HUBER);
        KIND(FC_LOSS_LOG_COSH);
        KIND(FC_LOSS_HINGE);
        KIND(FC_LOSS_SQUARED_HINGE);
        KIND(FC_LOSS_KL);
        KIND(FC_LOSS_POISSON);
        KIND(FC_LOSS_BCE);
        KIND(FC_LOSS_BCE_LOGITS);
        KIND(FC_LOSS_FOCAL);
    default: return pointwise_rows(FC_LOSS_FOCAL_LOGITS, rows, n, y, t, weights, l, dy);
    }
#undef KIND
}
