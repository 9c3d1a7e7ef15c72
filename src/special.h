/* Special functions for activations, besides the exponential. NaN gives NaN. */

FN vf v_abs(vf x) { return v_max(x, v_zero() - x); }

/* 1 / (1 + e^-x) */
FN vf v_sigmoid(vf x) { return v_set1(1.0f) / (v_set1(1.0f) + v_exp(v_zero() - x)); }

/* (1 - e) / (1 + e) with e = e^(-2|x|), times the sign of x */
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

/* c P(c^2) / Q(c^2), both of degree 5. The two polynomials are evaluated independently, which keeps the dependency
 * chain short: five steps and one division. */
FN vf v_odd_ratio(vf c, const float *p, const float *q)
{
    const vf t = c * c;
    vf above = v_set1(p[5]), below = v_set1(q[5]);
#pragma GCC unroll 5
    for (int i = 4; i >= 0; i--) {
        above = v_fma(above, t, v_set1(p[i]));
        below = v_fma(below, t, v_set1(q[i]));
    }
    return c * (above / below);
}

/* The standard normal distribution function F(x), 0 below -5.3. P and Q are fitted to F - 1/2 on |x| <= 5.3 for the
 * smallest absolute error (4e-9); including rounding errors and the tails, the error is at most 2^-22. */
FN vf v_normal(vf x)
{
    static const float p[6] = {0.39894226f, 0.032935847f, 0.004627998f, 1.6033529e-4f, 6.3790767e-6f, 2.4050298e-8f};
    static const float q[6] = {1.0f, 0.24922416f, 0.028138863f, 0.0018365758f, 7.135263e-5f, 1.2371694e-6f};
    const vf far = v_set1(5.3f), c = v_min(far, v_max(v_zero() - far, x));
    return v_select(v_gt(v_zero() - far, x), v_zero(), v_set1(0.5f) + v_odd_ratio(c, p, q));
}

/* The derivative of x F(x): F(x) + x f(x) with the density f; 0 below -5.6, 1 above 5.6. Fitted in the same way
 * (1.1e-7); the total error is at most 2^-21. */
FN vf v_normal_slope(vf x)
{
    static const float p[6] = {0.79788536f, -0.030975359f, 0.014226069f, 1.9751338e-5f, 3.5899287e-5f, 1.9216726e-7f};
    static const float q[6] = {1.0f, 0.29451957f, 0.04098374f, 0.0035226375f, 1.920518e-4f, 8.92817e-6f};
    const vf far = v_set1(5.6f), c = v_min(far, v_max(v_zero() - far, x));
    const vf inside = v_select(v_gt(x, far), v_set1(1.0f), v_set1(0.5f) + v_odd_ratio(c, p, q));
    return v_select(v_gt(v_zero() - far, x), v_zero(), inside);
}
