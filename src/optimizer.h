/* Optimizer steps, one pass over n parameters: every array is read and written once. Formulas as in Keras 3. Each `_at`
 * function computes `left` elements at its pointers; see elementwise.h for `whole`.
 *
 * A new optimizer is a step here, with its line in the list at the end; an entry in optimizer_step.pyx; its definition
 * in fastconv/reference/optimizers.py; and a class in fastconv/optimizers/, named in its __init__.py. */

typedef struct {
    vf scale, low, high, pull, keep, rate, number[FC_OPTIMIZER_NUMBERS];
} step_terms;

FN step_terms step_terms_of(const fc_optimizer_step *o)
{
    step_terms t = {v_set1(o->grad_scale), v_set1(-o->clip), v_set1(o->clip), v_set1(o->pull),
                    v_set1(o->keep),       v_set1(o->rate),  {v_zero()}};
    for (int k = 0; k < FC_OPTIMIZER_NUMBERS; k++) t.number[k] = v_set1(o->number[k]);
    return t;
}

/* w after decoupled weight decay */
FN vf kept_part(const int whole, ptrdiff_t left, const float *w, const step_terms *t)
{
    return t->keep * load_part(whole, left, w);
}

/* The gradient, scaled, clipped and with L2 decay. The bounds come first: v_min and v_max return the second operand if
 * either is NaN. */
FN vf gradient_part(const int whole, ptrdiff_t left, const float *g, vf w, const step_terms *t)
{
    const vf scaled = t->scale * load_part(whole, left, g);
    return v_fma(t->pull, w, v_min(t->high, v_max(t->low, scaled)));
}

/* b = share * b + rest * a, a moving average of a; share and rest are consecutive in share_rest */
FN vf mean_part(const int whole, ptrdiff_t left, vf a, float *b, const vf *share_rest)
{
    const vf mean = v_fma(share_rest[0], load_part(whole, left, b), share_rest[1] * a);
    store_part(whole, left, b, mean);
    return mean;
}

#define OVER_PARTS(...)                                                 \
    do {                                                                \
        const step_terms terms = step_terms_of(o), *const t = &terms;   \
        ptrdiff_t i = 0;                                                \
        for (; i + VL <= n; i += VL) PART(1, VL, __VA_ARGS__);          \
        if (i < n) PART(0, n - i, __VA_ARGS__);                         \
    } while (0)

/* number: momentum. v = momentum * v - rate * g; w += v. Forms: 0, without v, w -= rate * g; 1, the above; 2, Nesterov:
 * w += momentum * v - rate * g; 3 and 4, the velocity holds gradients: v = momentum * v + g; w -= rate * v, or with
 * Nesterov w -= rate * (g + momentum * v). */
FN void sgd_at(const int whole, const int form, ptrdiff_t left, float *w, const float *g, float *v,
               const step_terms *t)
{
    const vf momentum = t->number[0], kept = kept_part(whole, left, w, t), zero = v_zero();
    const vf grad = gradient_part(whole, left, g, kept, t), step = grad * t->rate;
    vf change = zero - step;
    if (form == 1 || form == 2) {
        change = v_fma(momentum, load_part(whole, left, v), change);
        store_part(whole, left, v, change);
        if (form == 2) change = v_fma(momentum, change, zero - step);
    } else if (form) {
        vf velocity = v_fma(momentum, load_part(whole, left, v), grad);
        store_part(whole, left, v, velocity);
        if (form == 4) velocity = v_fma(momentum, velocity, grad);
        change = zero - velocity * t->rate;
    }
    store_part(whole, left, w, kept + change);
}

#define PART(whole, left, form) sgd_at(whole, form, left, w + i, g + i, form ? s[0] + i : NULL, t)
static void sgd_step(ptrdiff_t n, float *w, const float *g, float *const *s, const fc_optimizer_step *o)
{
    switch (o->form) {
    case 0: OVER_PARTS(0); break;
    case 1: OVER_PARTS(1); break;
    case 2: OVER_PARTS(2); break;
    case 3: OVER_PARTS(3); break;
    default: OVER_PARTS(4);
    }
}
#undef PART

/* number: beta1, 1 - beta1, beta2, 1 - beta2, epsilon. m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
 * w -= rate * m / (sqrt(v) + epsilon), where rate includes the bias correction. Form 1 (AMSGrad) divides by the largest
 * v so far. */
FN void adam_at(const int whole, const int form, ptrdiff_t left, float *w, const float *g, float *m, float *v,
                float *largest, const step_terms *t)
{
    const vf kept = kept_part(whole, left, w, t), grad = gradient_part(whole, left, g, kept, t);
    const vf mean = mean_part(whole, left, grad, m, t->number);
    vf square = v_fma(t->number[2], load_part(whole, left, v), t->number[3] * grad * grad);
    store_part(whole, left, v, square);
    if (form) {
        square = v_max(load_part(whole, left, largest), square);
        store_part(whole, left, largest, square);
    }
    store_part(whole, left, w, kept - t->rate * mean / (v_sqrt(square) + t->number[4]));
}

#define PART(whole, left, form) adam_at(whole, form, left, w + i, g + i, s[0] + i, s[1] + i, form ? s[2] + i : NULL, t)
static void adam_step(ptrdiff_t n, float *w, const float *g, float *const *s, const fc_optimizer_step *o)
{
    if (o->form)
        OVER_PARTS(1);
    else
        OVER_PARTS(0);
}
#undef PART

/* number: beta1, 1 - beta1, beta2, 1 - beta2, epsilon, share. m and v as in Adam;
 * w -= rate * (m + share * g) / (sqrt(v) + epsilon), where rate, share and epsilon include the corrections. */
FN void nadam_at(const int whole, ptrdiff_t left, float *w, const float *g, float *m, float *v, const step_terms *t)
{
    const vf kept = kept_part(whole, left, w, t), grad = gradient_part(whole, left, g, kept, t);
    const vf mean = mean_part(whole, left, grad, m, t->number);
    const vf square = mean_part(whole, left, grad * grad, v, t->number + 2);
    const vf ahead = v_fma(t->number[5], grad, mean);
    store_part(whole, left, w, kept - t->rate * ahead / (v_sqrt(square) + t->number[4]));
}

#define PART(whole, left, unused) nadam_at(whole, left, w + i, g + i, s[0] + i, s[1] + i, t)
static void nadam_step(ptrdiff_t n, float *w, const float *g, float *const *s, const fc_optimizer_step *o)
{
    OVER_PARTS(0);
}
#undef PART

/* number: rho, 1 - rho, epsilon, momentum. v = rho v + (1 - rho) g^2; step = rate * g / sqrt(v + epsilon); w -= step.
 * Form bit 1 (momentum): b = momentum b + step; w -= b. Form bit 2 (centered): a = rho a + (1 - rho) g, and the root is
 * of v - a^2 + epsilon. */
FN void rmsprop_at(const int whole, const int form, ptrdiff_t left, float *w, const float *g, float *v, float *b,
                   float *a, const step_terms *t)
{
    const vf kept = kept_part(whole, left, w, t), grad = gradient_part(whole, left, g, kept, t);
    vf square = mean_part(whole, left, grad * grad, v, t->number);
    if (form & 2) {
        const vf mean = mean_part(whole, left, grad, a, t->number);
        square = v_fnma(mean, mean, square);
    }
    vf step = t->rate * grad / v_sqrt(square + t->number[2]);
    if (form & 1) {
        step = v_fma(t->number[3], load_part(whole, left, b), step);
        store_part(whole, left, b, step);
    }
    store_part(whole, left, w, kept - step);
}

#define PART(whole, left, form) \
    rmsprop_at(whole, form, left, w + i, g + i, s[0] + i, form & 1 ? s[1] + i : NULL, form & 2 ? s[2] + i : NULL, t)
static void rmsprop_step(ptrdiff_t n, float *w, const float *g, float *const *s, const fc_optimizer_step *o)
{
    switch (o->form) {
    case 0: OVER_PARTS(0); break;
    case 1: OVER_PARTS(1); break;
    case 2: OVER_PARTS(2); break;
    default: OVER_PARTS(3);
    }
}
#undef PART

/* number: epsilon. a += g^2; w -= rate * g / sqrt(a + epsilon) */
FN void adagrad_at(const int whole, ptrdiff_t left, float *w, const float *g, float *a, const step_terms *t)
{
    const vf kept = kept_part(whole, left, w, t), grad = gradient_part(whole, left, g, kept, t);
    const vf sum = v_fma(grad, grad, load_part(whole, left, a));
    store_part(whole, left, a, sum);
    store_part(whole, left, w, kept - t->rate * grad / v_sqrt(sum + t->number[0]));
}

#define PART(whole, left, unused) adagrad_at(whole, left, w + i, g + i, s[0] + i, t)
static void adagrad_step(ptrdiff_t n, float *w, const float *g, float *const *s, const fc_optimizer_step *o)
{
    OVER_PARTS(0);
}
#undef PART

/* number: beta1, 1 - beta1, beta2, 1 - beta2. w -= rate * sign(beta1 m + (1 - beta1) g); m = beta2 m + (1 - beta2) g */
FN void lion_at(const int whole, ptrdiff_t left, float *w, const float *g, float *m, const step_terms *t)
{
    const vf kept = kept_part(whole, left, w, t), grad = gradient_part(whole, left, g, kept, t);
    const vf ahead = v_fma(t->number[0], load_part(whole, left, m), t->number[1] * grad);
    mean_part(whole, left, grad, m, t->number + 2);
    store_part(whole, left, w, kept - t->rate * v_sign(ahead));
}

#define PART(whole, left, unused) lion_at(whole, left, w + i, g + i, s[0] + i, t)
static void lion_step(ptrdiff_t n, float *w, const float *g, float *const *s, const fc_optimizer_step *o)
{
    OVER_PARTS(0);
}
#undef PART

/* LAMB's direction u = m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon), written as
 * m * number[5] / (sqrt(v) + number[4]): see lamb_moments. */
FN vf lamb_direction(vf mean, vf square, const step_terms *t)
{
    return mean * t->number[5] / (v_sqrt(square) + t->number[4]);
}

/* number: beta1, 1 - beta1, beta2, 1 - beta2, epsilon * sqrt(1 - beta2^t), sqrt(1 - beta2^t) / (1 - beta1^t).
 * m and v as in Adam, w *= keep. */
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
            /* beyond the end m and v are 0, and epsilon may be 0, too */
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

/* The first half of Muon. number: momentum. m = momentum m + g; states[1] = the direction: m, or with form 1 (Nesterov)
 * g + momentum m. w *= keep. */
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

/* All steps, by the names under which optimizer_step.pyx looks them up. */
static const fc_optimizer optimizer_steps[] = {
    {"sgd", sgd_step},
    {"adam", adam_step},
    {"nadam", nadam_step},
    {"rmsprop", rmsprop_step},
    {"adagrad", adagrad_step},
    {"lion", lion_step},
    {"lamb_apply", lamb_apply},
    {"muon_direction", muon_direction},
    {NULL, NULL},
};

static const fc_optimizers optimizers_table = {
    .steps = optimizer_steps,
    .lamb_moments = lamb_moments,
    .sum_squares = sum_squares,
    .blend = blend,
    .regularize = regularize,
};
