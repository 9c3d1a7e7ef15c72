/* Functions that activations are made of, besides the exponential; NaN gives NaN. */

FN vf v_abs(vf x) { return v_max(x, v_zero() - x); }

/* 1 / (1 + e^-x) */
FN vf v_sigmoid(vf x) { return v_set1(1.0f) / (v_set1(1.0f) + v_exp(v_zero() - x)); }

/* (1 - e) / (1 + e) with e = e^(-2|x|), and the sign of x */
FN vf v_tanh(vf x)
{
    const vf t = v_expm1_negative(v_set1(-2.0f) * v_abs(x)), y = t / (t + v_set1(2.0f));
    return v_select(v_gt(x, v_zero()), v_zero() - y, y);
}

/* log(1 + u) for 0 <= u <= 1: 2 artanh(s), s = u / (2 + u), with s^2 up to 1/9; the polynomial's relative error is
 * 4e-9 */
FN vf v_log1p_unit(vf u)
{
    const vf s = u / (u + v_set1(2.0f)), z = s * s;
    vf q = v_set1(0.140061036f);
    q = v_fma(q, z, v_set1(0.140008822f));
    q = v_fma(q, z, v_set1(0.200107649f));
    q = v_fma(q, z, v_set1(0.333332092f));
    return v_set1(2.0f) * v_fma(s * z, q, s);
}

/* The standard normal distribution: its density f(x) in *density, returns its integral F(x) up to x.
 *
 * For x <= 0, F(x) = f(x) R(-x) with R(z) = t P(t), t = 1 / (1 + 0.3 z): P of degree 7, fitted to the smallest relative
 * error over 0 <= z <= 14 (1.5e-7), where f(z) leaves the normal numbers. The relative error of F, and with it the
 * absolute one for x > 0, is at most (4 + x^2 / 2) * 2^-23. */
FN vf v_normal(vf x, vf *density)
{
    const vf one = v_set1(1.0f);
    const vf t = one / v_fma(v_set1(0.3f), v_abs(x), one);
    *density = v_set1(0.39894228f) * v_exp(v_set1(-0.5f) * x * x);
    vf p = v_set1(0.0894230977f);
    p = v_fma(p, t, v_set1(-0.394048363f));
    p = v_fma(p, t, v_set1(0.517249107f));
    p = v_fma(p, t, v_set1(-0.134562612f));
    p = v_fma(p, t, v_set1(0.322254926f));
    p = v_fma(p, t, v_set1(0.250446379f));
    p = v_fma(p, t, v_set1(0.302685225f));
    p = v_fma(p, t, v_set1(0.299866199f));
    const vf below = p * t * *density;
    return v_select(v_gt(x, v_zero()), one - below, below);
}
