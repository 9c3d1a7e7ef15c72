/* One pass over n parameters: every array is read and written once. Formulas as Keras has them; g is multiplied by
 * grad_scale first. */

typedef struct {
    vf grad_scale, learning_rate, momentum;
} sgd_constants;

FN void sgd_part(const int whole, const int nesterov, ptrdiff_t left, float *w, const float *g, float *v,
                 const sgd_constants *c)
{
    const vf step = load_part(whole, left, g) * c->grad_scale * c->learning_rate;
    vf change = v_zero() - step;
    if (v) {
        change = v_fma(c->momentum, load_part(whole, left, v), change);
        store_part(whole, left, v, change);
        if (nesterov) change = v_fma(c->momentum, change, v_zero() - step);
    }
    store_part(whole, left, w, load_part(whole, left, w) + change);
}

/* v = momentum * v - learning_rate * g;  w += v, or with nesterov w += momentum * v - learning_rate * g.
 * Without velocity (v NULL): w -= learning_rate * g. */
static void sgd_step(ptrdiff_t n, float *w, const float *g, float *v, float learning_rate, float momentum, int nesterov,
                     float grad_scale)
{
    const sgd_constants c = {v_set1(grad_scale), v_set1(learning_rate), v_set1(momentum)};
    ptrdiff_t i = 0;
    if (!v)
        for (; i + VL <= n; i += VL) sgd_part(1, 0, VL, w + i, g + i, NULL, &c);
    else if (nesterov)
        for (; i + VL <= n; i += VL) sgd_part(1, 1, VL, w + i, g + i, v + i, &c);
    else
        for (; i + VL <= n; i += VL) sgd_part(1, 0, VL, w + i, g + i, v + i, &c);
    if (i < n) sgd_part(0, nesterov, n - i, w + i, g + i, v ? v + i : NULL, &c);
}

typedef struct {
    vf grad_scale, learning_rate, beta1, beta2, rest1, rest2, epsilon;
} adam_constants;

FN void adam_part(const int whole, ptrdiff_t left, float *w, const float *g, float *m, float *v,
                  const adam_constants *c)
{
    const vf grad = load_part(whole, left, g) * c->grad_scale;
    const vf mean = v_fma(c->beta1, load_part(whole, left, m), c->rest1 * grad);
    const vf square = v_fma(c->beta2, load_part(whole, left, v), c->rest2 * grad * grad);
    store_part(whole, left, m, mean);
    store_part(whole, left, v, square);
    const vf change = c->learning_rate * mean / (v_sqrt(square) + c->epsilon);
    store_part(whole, left, w, load_part(whole, left, w) - change);
}

/* m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;  w -= learning_rate * m / (sqrt(v) + epsilon)
 * The caller has put the bias correction into learning_rate; rest1 is 1 - beta1, rest2 is 1 - beta2, rounded once. */
static void adam_step(ptrdiff_t n, float *w, const float *g, float *m, float *v, float learning_rate, float beta1,
                      float rest1, float beta2, float rest2, float epsilon, float grad_scale)
{
    const adam_constants c = {v_set1(grad_scale), v_set1(learning_rate), v_set1(beta1),  v_set1(beta2),
                              v_set1(rest1),      v_set1(rest2),         v_set1(epsilon)};
    ptrdiff_t i = 0;
    for (; i + VL <= n; i += VL) adam_part(1, VL, w + i, g + i, m + i, v + i, &c);
    if (i < n) adam_part(0, n - i, w + i, g + i, m + i, v + i, &c);
}
