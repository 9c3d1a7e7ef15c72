/* The activations that a kernel's last step may include. */

/* act(r), for an act of enum fc_act. In this order of the operands NaN is propagated. */
FN vf rectified(vf r, int act)
{
    if (act == FC_ACT_NONE) return r;
    r = v_max(v_zero(), r);
    return act == FC_ACT_RELU6 ? v_min(v_set1(6.0f), r) : r;
}
