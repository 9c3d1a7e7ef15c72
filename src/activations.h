/* Elementwise activations. NAME_value is f(x); NAME_gradient is dy * f'(x), computed from s = y where the list in
 * table_activations.h says so, else from s = x; p are the parameters. NaN is propagated. */

/* max(x, 0); the gradient is 0 where y <= 0 */
FN vf relu_value(vf x, const vf *p) { return (void)p, v_max(v_zero(), x); }
FN vf relu_gradient(vf dy, vf y, const vf *p) { return (void)p, v_select(v_nle(y, v_zero()), dy, v_zero()); }

/* x, or slope * x where x <= 0; p = slope >= 0 */
FN vf leaky_relu_value(vf x, const vf *p) { return v_select(v_nle(x, v_zero()), x, p[0] * x); }
FN vf leaky_relu_gradient(vf dy, vf y, const vf *p) { return v_select(v_nle(y, v_zero()), dy, p[0] * dy); }

/* min(x, top), or slope * (x - threshold) where x <= threshold; p = top, slope, threshold */
FN vf clipped_relu_value(vf x, const vf *p)
{
    return v_min(p[0], v_select(v_nle(x, p[2]), x, p[1] * (x - p[2])));
}
FN vf clipped_relu_gradient(vf dy, vf x, const vf *p)
{
    const vf g = v_select(v_nle(x, p[2]), dy, p[1] * dy);
    return v_select(v_nle(p[0], x), g, v_zero());
}

/* scale * x, or depth * (e^x - 1) where x <= 0; p = scale > 0, depth >= 0 */
FN vf elu_value(vf x, const vf *p)
{
    return v_select(v_nle(x, v_zero()), p[0] * x, p[1] * v_expm1_negative(x));
}
FN vf elu_gradient(vf dy, vf y, const vf *p)
{
    return dy * v_select(v_nle(y, v_zero()), p[0], y + p[1]);
}

/* x F(x) with the normal distribution function F; the derivative has its limits for large |x|, also at infinity */
FN vf gelu_value(vf x, const vf *p) { return (void)p, x * v_normal(x); }
FN vf gelu_gradient(vf dy, vf x, const vf *p) { return (void)p, dy * v_normal_slope(x); }

/* x / 2 * (1 + tanh(u)) = x sigmoid(2u), u = sqrt(2 / pi) (x + 0.044715 x^3) */
FN vf gelu_tanh_sigmoid(vf x, vf *slope)
{
    const vf c = v_set1(1.59576912f), cubic = v_set1(1.59576912f * 0.044715f), far = v_set1(1e6f);
    const vf b = v_min(far, v_max(v_zero() - far, x)), square = b * b; /* the cube must not overflow */
    *slope = v_fma(v_set1(3.0f) * cubic, square, c);
    return v_sigmoid(b * v_fma(cubic, square, c));
}
FN vf gelu_tanh_value(vf x, const vf *p)
{
    vf slope;
    return (void)p, x * gelu_tanh_sigmoid(x, &slope);
}
FN vf gelu_tanh_gradient(vf dy, vf x, const vf *p)
{
    vf slope;
    const vf s = gelu_tanh_sigmoid(x, &slope);
    return (void)p, dy * v_fma(x * slope, s * (v_set1(1.0f) - s), s);
}

/* x sigmoid(x) */
FN vf silu_value(vf x, const vf *p) { return (void)p, x * v_sigmoid(x); }
FN vf silu_gradient(vf dy, vf x, const vf *p)
{
    const vf s = v_sigmoid(x), one = v_set1(1.0f);
    return (void)p, dy * s * v_fma(x, one - s, one);
}

/* x / 6 + 1 / 2 within [0, 1] */
FN vf hard_sigmoid_value(vf x, const vf *p)
{
    const vf line = (x + v_set1(3.0f)) / v_set1(6.0f);
    return (void)p, v_min(v_set1(1.0f), v_max(v_zero(), line));
}
FN vf hard_sigmoid_gradient(vf dy, vf y, const vf *p)
{
    const vm inside = vm_and(v_nle(y, v_zero()), v_nle(v_set1(1.0f), y));
    return (void)p, v_select(inside, dy / v_set1(6.0f), v_zero());
}

/* x hard_sigmoid(x) */
FN vf hard_silu_value(vf x, const vf *p) { return x * hard_sigmoid_value(x, p); }
FN vf hard_silu_gradient(vf dy, vf x, const vf *p)
{
    const vf h = hard_sigmoid_value(x, p);
    return v_fma(x, hard_sigmoid_gradient(dy, h, p), dy * h);
}

FN vf sigmoid_value(vf x, const vf *p) { return (void)p, v_sigmoid(x); }
FN vf sigmoid_gradient(vf dy, vf y, const vf *p) { return (void)p, dy * (y * (v_set1(1.0f) - y)); }

FN vf tanh_value(vf x, const vf *p) { return (void)p, v_tanh(x); }
FN vf tanh_gradient(vf dy, vf y, const vf *p) { return (void)p, dy * v_fnma(y, y, v_set1(1.0f)); }

/* log(1 + e^x) = max(x, 0) + log(1 + e^-|x|); the derivative, sigmoid(x), is 1 - e^-y */
FN vf softplus_value(vf x, const vf *p)
{
    return (void)p, v_max(v_zero(), x) + v_log1p_unit(v_exp(v_zero() - v_abs(x)));
}
FN vf softplus_gradient(vf dy, vf y, const vf *p)
{
    return (void)p, dy * (v_zero() - v_expm1_negative(v_zero() - y));
}

/* x / (1 + |x|); the derivative, 1 / (1 + |x|)^2, is (1 - |y|)^2 */
FN vf softsign_value(vf x, const vf *p) { return (void)p, x / (v_set1(1.0f) + v_abs(x)); }
FN vf softsign_gradient(vf dy, vf y, const vf *p)
{
    const vf rest = v_set1(1.0f) - v_abs(y);
    return (void)p, dy * (rest * rest);
}

FN vf exponential_value(vf x, const vf *p) { return (void)p, v_exp(x); }
FN vf exponential_gradient(vf dy, vf y, const vf *p) { return (void)p, dy * y; }

/* The loops over n elements; the last, partial vector uses masks. */
#define ACTIVATION_LOOPS(name, from_output)                                                                            \
    static void name##_loop(ptrdiff_t n, const float *x, float *y, const float *p)                                     \
    {                                                                                                                  \
        const vf q[3] = {v_set1(p[0]), v_set1(p[1]), v_set1(p[2])};                                                    \
        ptrdiff_t i = 0;                                                                                               \
        for (; i + VL <= n; i += VL) v_store(y + i, name##_value(v_load(x + i), q));                                   \
        if (i < n) v_store_first(y + i, name##_value(v_load_first(x + i, n - i), q), n - i);                           \
    }                                                                                                                  \
    static void name##_gradient_loop(ptrdiff_t n, const float *dy, const float *s, float *dx, const float *p)          \
    {                                                                                                                  \
        const vf q[3] = {v_set1(p[0]), v_set1(p[1]), v_set1(p[2])};                                                    \
        ptrdiff_t i = 0;                                                                                               \
        for (; i + VL <= n; i += VL) v_store(dx + i, name##_gradient(v_load(dy + i), v_load(s + i), q));               \
        if (i < n) {                                                                                                   \
            const vf g = v_load_first(dy + i, n - i), rest = v_load_first(s + i, n - i);                               \
            v_store_first(dx + i, name##_gradient(g, rest, q), n - i);                                                 \
        }                                                                                                              \
    }

FC_ACTIVATIONS(ACTIVATION_LOOPS)

#define ACTIVATION_ENTRY(name, from_output) {#name, from_output, name##_loop, name##_gradient_loop},

static const fc_activation activations[FC_N_ACTIVATIONS] = {FC_ACTIVATIONS(ACTIVATION_ENTRY)};
