/* x = n ln 2 + r with integer n and |r| <= ln(2)/2: returns n and e^r - 1 = r + r^2 q(r), with q of degree 4, fitted
 * for the smallest relative error of e^r on that interval (3e-9). */
FN vf exp_rest(vf x, vf *n)
{
    *n = v_round(x * v_set1(1.44269504f));
    /* ln 2 in two parts; the first has so few bits that its product with n is exact */
    vf r = v_fnma(*n, v_set1(0.693359375f), x);
    r = v_fma(*n, v_set1(2.12194440e-4f), r);
    vf q = v_set1(1.3814539e-3f);
    q = v_fma(q, r, v_set1(8.368745e-3f));
    q = v_fma(q, r, v_set1(4.166839e-2f));
    q = v_fma(q, r, v_set1(1.6666521e-1f));
    q = v_fma(q, r, v_set1(4.9999994e-1f));
    return v_fma(r * r, q, r);
}

/* e^x for each lane, within 1 ulp where the result is normal; -inf gives 0, +inf and x > 88.73 give +inf, NaN gives
 * NaN, and results below the normal range are flushed to 0 like other denormals. 2^n is applied as two factors, since n
 * can be 128. */
FN vf v_exp(vf x)
{
    /* the bound comes first: v_min and v_max return the second operand if either is NaN */
    vf n;
    const vf y = exp_rest(v_min(v_set1(89.0f), v_max(v_set1(-104.0f), x)), &n) + v_set1(1.0f);
    const vf half = v_round(n * v_set1(0.5f));
    return y * v_pow2(half) * v_pow2(n - half);
}

/* e^x - 1 for x <= 0, within 2 ulp, also near 0 */
FN vf v_expm1_negative(vf x)
{
    vf n;
    const vf y = exp_rest(v_max(v_set1(-87.0f), x), &n), scale = v_pow2(n);
    return v_fma(y, scale, scale - v_set1(1.0f));
}
