/* The optimizers that look at whole arrays before they change them, and what they measure. The sums run over stretches
 * of SUM_STRETCH floats in single precision, and over the stretches in double. */

enum { SUM_STRETCH = 1024 };

static double sum_squares(ptrdiff_t n, const float *x)
{
    double total = 0.0;
    for (ptrdiff_t at = 0; at < n; at += SUM_STRETCH) {
        const ptrdiff_t end = n - at > SUM_STRETCH ? at + SUM_STRETCH : n;
        vf sum = v_zero();
        for (ptrdiff_t i = at; i < end; i += VL) {
            const vf a = v_load_first(x + i, end - i);
            sum = v_fma(a, a, sum);
        }
        total += (double)v_sum(sum);
    }
    return total;
}

static void blend(ptrdiff_t n, float share, const float *x, float *y)
{
    const vf s = v_set1(share);
    for (ptrdiff_t i = 0; i < n; i += VL) {
        const vf old = v_load_first(y + i, n - i);
        v_store_first(y + i, v_fma(s, v_load_first(x + i, n - i) - old, old), n - i);
    }
}

/* The gradient of l1 |w| + l2 w^2 is l1 sign(w) + 2 l2 w, 0 at 0. */
static double regularize(ptrdiff_t n, float l1, float l2, const float *w, float *g)
{
    const vf a = v_set1(l1), b = v_set1(l2);
    double total = 0.0;
    for (ptrdiff_t at = 0; at < n; at += SUM_STRETCH) {
        const ptrdiff_t end = n - at > SUM_STRETCH ? at + SUM_STRETCH : n;
        vf sum = v_zero();
        for (ptrdiff_t i = at; i < end; i += VL) {
            const vf x = v_load_first(w + i, end - i), half = b * x;
            sum += v_fma(half, x, a * v_max(x, v_zero() - x));
            if (g) v_store_first(g + i, v_load_first(g + i, end - i) + v_fma(a, v_sign(x), half + half), end - i);
        }
        total += (double)v_sum(sum);
    }
    return total;
}

/* LAMB's direction u = m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon), written as
 * m * number[5] / (sqrt(v) + number[4]): see lamb_moments. */
FN vf lamb_direction(vf mean, vf square, const step_terms *t)
{
    return mean * t->number[5] / (v_sqrt(square) + t->number[4]);
}

/* number: beta1, 1 - beta1, beta2, 1 - beta2, epsilon * sqrt(1 - beta2^t), sqrt(1 - beta2^t) / (1 - beta1^t).
 * m and v as Adam's, w *= keep. */
static void lamb_moments(ptrdiff_t n, float *w, const float *g, float *const *s, const fc_optimizer_step *o,
                         double *sums)
{
    const step_terms terms = step_terms_of(o), *const t = &terms;
    for (ptrdiff_t at = 0; at < n; at += SUM_STRETCH) {
        const ptrdiff_t end = n - at > SUM_STRETCH ? at + SUM_STRETCH : n;
        vf ww = v_zero(), uu = v_zero();
        for (ptrdiff_t i = at; i < end; i += VL) {
            const ptrdiff_t left = end - i;
            const vf kept = kept_part(0, left, w + i, t), grad = gradient_part(0, left, g + i, kept, t);
            const vf mean = mean_part(0, left, grad, s[0] + i, t->number);
            const vf square = mean_part(0, left, grad * grad, s[1] + i, t->number + 2);
            /* beyond the end m and v are 0, and so may be epsilon */
            const vf u = v_select(vm_first(left), lamb_direction(mean, square, t), v_zero());
            v_store_first(w + i, kept, left);
            ww = v_fma(kept, kept, ww);
            uu = v_fma(u, u, uu);
        }
        sums[0] += (double)v_sum(ww);
        sums[1] += (double)v_sum(uu);
    }
}

/* w -= rate * u */
static void lamb_apply(ptrdiff_t n, float *w, const float *g, float *const *s, const fc_optimizer_step *o)
{
    const step_terms terms = step_terms_of(o), *const t = &terms;
    (void)g;
    for (ptrdiff_t i = 0; i < n; i += VL) {
        const vf mean = v_load_first(s[0] + i, n - i), square = v_load_first(s[1] + i, n - i);
        const vf step = t->rate * lamb_direction(mean, square, t);
        v_store_first(w + i, v_load_first(w + i, n - i) - step, n - i);
    }
}

/* Muon's first half. number: momentum. m = momentum m + g, and the direction into states[1]: m, or with form 1
 * (Nesterov) g + momentum m. w *= keep. */
static void muon_direction(ptrdiff_t n, float *w, const float *g, float *const *s, const fc_optimizer_step *o)
{
    const step_terms terms = step_terms_of(o), *const t = &terms;
    for (ptrdiff_t i = 0; i < n; i += VL) {
        const vf kept = kept_part(0, n - i, w + i, t), grad = gradient_part(0, n - i, g + i, kept, t);
        const vf mean = v_fma(t->number[0], v_load_first(s[0] + i, n - i), grad);
        v_store_first(w + i, kept, n - i);
        v_store_first(s[0] + i, mean, n - i);
        v_store_first(s[1] + i, o->form ? v_fma(t->number[0], mean, grad) : mean, n - i);
    }
}

static const fc_optimizers optimizers_table = {
    .sgd = sgd_step,
    .adam = adam_step,
    .nadam = nadam_step,
    .rmsprop = rmsprop_step,
    .adagrad = adagrad_step,
    .lion = lion_step,
    .lamb_apply = lamb_apply,
    .muon_direction = muon_direction,
    .lamb_moments = lamb_moments,
    .sum_squares = sum_squares,
    .blend = blend,
    .regularize = regularize,
};
