/* e^x for each lane, within 1 unit in the last place where the result is normal; -inf gives 0, +inf and x > 88.73 give
 * +inf, NaN gives NaN, and results below the normal range are flushed to 0 with the denormals.
 *
 * x = n ln 2 + r with whole n and |r| <= ln(2)/2; e^r = 1 + r + r^2 q(r) with q of degree 4, fitted to the smallest
 * relative error over that interval (3e-9); then times 2^n in two factors, since n reaches 128. */
FN vf v_exp(vf x)
{
    /* the bound comes first: of two operands, min and max give the second when there is a NaN */
    x = v_min(v_set1(89.0f), v_max(v_set1(-104.0f), x));
    const vf n = v_round(x * v_set1(1.44269504f));
    /* ln 2 in two parts; the first has few enough bits for n times it to be exact */
    vf r = v_fnma(n, v_set1(0.693359375f), x);
    r = v_fma(n, v_set1(2.12194440e-4f), r);
    vf q = v_set1(1.3814539e-3f);
    q = v_fma(q, r, v_set1(8.368745e-3f));
    q = v_fma(q, r, v_set1(4.166839e-2f));
    q = v_fma(q, r, v_set1(1.6666521e-1f));
    q = v_fma(q, r, v_set1(4.9999994e-1f));
    const vf y = v_fma(r * r, q, r) + v_set1(1.0f);
    const vf half = v_round(n * v_set1(0.5f));
    return y * v_pow2(half) * v_pow2(n - half);
}
