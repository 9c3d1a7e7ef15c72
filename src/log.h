/* ln x for each lane, within 2 ulp; 0 and denormals give -inf, negative numbers NaN, +inf and NaN themselves.
 *
 * x = 2^e (1 + z) with 1 + z in [sqrt(1/2), sqrt(2)); ln(1 + z) = z - z^2/2 + z^3 q(z) with q of degree 8, fitted for
 * the smallest relative error on that interval (8e-10). */
typedef int32_t vi __attribute__((vector_size(4 * VL)));

FN vf v_log(vf x)
{
    const vi bits = (vi)x, exponent = (bits - 0x3f3504f3) >> 23; /* bits of sqrt(1/2): puts 1 + z into the interval */
    const vf e = __builtin_convertvector(exponent, vf), z = (vf)(bits - (exponent << 23)) - v_set1(1.0f);
    vf q = v_set1(6.7464876e-2f);
    q = v_fma(q, z, v_set1(-1.1675607e-1f));
    q = v_fma(q, z, v_set1(1.1888208e-1f));
    q = v_fma(q, z, v_set1(-1.2405599e-1f));
    q = v_fma(q, z, v_set1(1.4219547e-1f));
    q = v_fma(q, z, v_set1(-1.6667995e-1f));
    q = v_fma(q, z, v_set1(2.0002119e-1f));
    q = v_fma(q, z, v_set1(-2.5000010e-1f));
    q = v_fma(q, z, v_set1(3.3333313e-1f));
    const vf square = z * z;
    /* ln 2 in two parts; the first has so few bits that its product with e is exact */
    vf y = v_fma(q * z, square, e * v_set1(-2.12194440e-4f));
    y = v_fnma(v_set1(0.5f), square, y) + z;
    y = v_fma(e, v_set1(0.693359375f), y);
    const vf infinite = v_set1(INFINITY), not_positive = v_select(v_eq(x, v_zero()), v_zero() - infinite, v_set1(NAN));
    return v_select(v_gt(x, v_zero()), v_select(v_eq(x, infinite), x, y), not_positive);
}
