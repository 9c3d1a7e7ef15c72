"""One step of an optimizer: one pass over a flat array of parameters.

All arrays (n,), C-contiguous float32; g is read, the others are updated in place. `Common` holds
the arguments that all steps share; a state that a variant does not use is None. Errors: ValueError
for another dtype, layout or size.
"""

from libc.math cimport INFINITY, sqrt
from libc.stddef cimport ptrdiff_t

from fastconv.kernels._blocks cimport (
    BLOCK, ROW_BLOCKS, blocks_of, over_blocks, same_size, summed_block,
)
from fastconv.kernels.optimizers._table_optimizers cimport (
    FC_OPTIMIZER_STATES, fc_optimizer, fc_optimizer_step, fc_optimizers, optimizers_table,
)

# Work units (see _threads) per parameter
cdef double UNITS = 12.0


# One step and its arrays; `sums`, |w|^2 and |u|^2 of each block, are for LAMB only.
cdef struct stepping:
    const fc_optimizers *k
    const fc_optimizer *kernel
    fc_optimizer_step o
    float *w
    const float *g
    float *states[FC_OPTIMIZER_STATES]
    ptrdiff_t block
    double sums[ROW_BLOCKS][2]


cdef int step_index(str name) except -1:
    """The index of a step in the list in src/optimizer.h, which is the same for every level."""
    cdef const fc_optimizer *steps = optimizers_table().steps
    cdef int i = 0
    while steps[i].name != NULL:
        if (<bytes> steps[i].name).decode() == name:
            return i
        i += 1
    raise LookupError(f"optimizer_step: src/optimizer.h must list the step {name!r}")


cdef class Common:
    """The arguments that all steps share.

    Parameters
    ----------
    rate : float
        The learning rate.
    grad_scale, clip, pull : float
        The gradient is g * grad_scale, clipped to [-clip, clip], plus pull * w.
    keep : float
        The factor by which w is multiplied before the update.
    """
    cdef fc_optimizer_step step

    def __init__(
            self, double rate, double grad_scale=1.0, double clip=INFINITY, double pull=0.0,
            double keep=1.0):
        self.step.rate = <float> rate
        self.step.grad_scale = <float> grad_scale
        self.step.clip = <float> clip
        self.step.pull = <float> pull
        self.step.keep = <float> keep

    cdef fc_optimizer_step take(self, int form, double[6] numbers) noexcept:
        cdef fc_optimizer_step o = self.step
        cdef int i
        o.form = form
        for i in range(6):
            o.number[i] = <float> numbers[i]
        return o


cdef int SGD = step_index("sgd")


def sgd_step(
        float[::1] w, const float[::1] g, float[::1] velocity, Common common, double momentum=0.0,
        bint nesterov=False, bint of_gradients=False):
    """velocity = momentum * velocity - rate * g;  w += velocity.

    With `nesterov`, w += momentum * velocity - rate * g with the new velocity. With `of_gradients`,
    velocity = momentum * velocity + g and w -= rate * velocity, or rate * (g + momentum *
    velocity). With velocity None, w -= rate * g, and momentum must be 0.
    """
    cdef double[6] numbers = [momentum, 0, 0, 0, 0, 0]
    cdef int form = 0
    if velocity is not None:
        form = 1 + nesterov + 2 * of_gradients
    elif momentum != 0:
        raise ValueError(
            f"sgd_step: momentum needs a velocity; received momentum {momentum}, velocity None"
        )
    _step("sgd_step", SGD, w, g, velocity, None, None, common.take(form, numbers))


cdef int ADAM = step_index("adam")


def adam_step(
        float[::1] w, const float[::1] g, float[::1] m, float[::1] v, Common common,
        double beta1=0.9, double beta2=0.999, double eps=1e-7, float[::1] largest=None):
    """m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; w -= rate * m / (sqrt(v) + eps).

    At step t = 1, 2, ... the rate includes the correction sqrt(1 - beta2**t) / (1 - beta1**t). With
    `largest` (AMSGrad), largest = max(largest, v) takes the place of v in the root.
    """
    cdef double[6] numbers = [beta1, 1 - beta1, beta2, 1 - beta2, eps, 0]
    cdef int form = largest is not None
    _step("adam_step", ADAM, w, g, m, v, largest, common.take(form, numbers))


cdef int NADAM = step_index("nadam")


def nadam_step(
        float[::1] w, const float[::1] g, float[::1] m, float[::1] v, Common common,
        double beta1, double beta2, double eps, double share):
    """m and v as in `adam_step`;  w -= rate * (m + share * g) / (sqrt(v) + eps)."""
    cdef double[6] numbers = [beta1, 1 - beta1, beta2, 1 - beta2, eps, share]
    _step("nadam_step", NADAM, w, g, m, v, None, common.take(0, numbers))


cdef int RMSPROP = step_index("rmsprop")


def rmsprop_step(
        float[::1] w, const float[::1] g, float[::1] v, Common common, double rho=0.9,
        double eps=1e-7, double momentum=0.0, float[::1] b=None, float[::1] mean=None):
    """v = rho v + (1 - rho) g^2;  w -= rate * g / sqrt(v + eps).

    With b, b = momentum * b + that step, and w -= b. With `mean` (centered), mean = rho mean +
    (1 - rho) g, and the root is of v - mean^2 + eps.
    """
    cdef double[6] numbers = [rho, 1 - rho, eps, momentum, 0, 0]
    cdef int form = (b is not None) + 2 * (mean is not None)
    _step("rmsprop_step", RMSPROP, w, g, v, b, mean, common.take(form, numbers))


cdef int ADAGRAD = step_index("adagrad")


def adagrad_step(
        float[::1] w, const float[::1] g, float[::1] total, Common common, double eps=1e-7):
    """total += g^2;  w -= rate * g / sqrt(total + eps)."""
    cdef double[6] numbers = [eps, 0, 0, 0, 0, 0]
    _step("adagrad_step", ADAGRAD, w, g, total, None, None, common.take(0, numbers))


cdef int LION = step_index("lion")


def lion_step(
        float[::1] w, const float[::1] g, float[::1] m, Common common, double beta1=0.9,
        double beta2=0.99):
    """w -= rate * sign(beta1 m + (1 - beta1) g);  m = beta2 m + (1 - beta2) g."""
    cdef double[6] numbers = [beta1, 1 - beta1, beta2, 1 - beta2, 0, 0]
    _step("lion_step", LION, w, g, m, None, None, common.take(0, numbers))


cdef int LAMB_APPLY = step_index("lamb_apply")


def lamb_step(
        float[::1] w, const float[::1] g, float[::1] m, float[::1] v, Common common, ptrdiff_t t,
        double beta1=0.9, double beta2=0.999, double eps=1e-7):
    """m and v as in `adam_step`;  u = m / (1 - beta1**t) / (sqrt(v / (1 - beta2**t)) + eps);
    w -= rate * |w| / |u| * u, with 1 in place of the quotient if a norm is 0.
    """
    cdef double root = sqrt(1 - beta2**t)
    cdef double[6] numbers = [beta1, 1 - beta1, beta2, 1 - beta2, eps * root, root / (1 - beta1**t)]
    cdef stepping s
    cdef double ww = 0, uu = 0
    cdef ptrdiff_t i, n = w.shape[0]
    _check("lamb_step", w, g, m, v, None)
    if not n:
        return
    s.k, s.kernel = optimizers_table(), optimizers_table().steps + LAMB_APPLY
    s.o, s.w, s.g, s.block = common.take(0, numbers), &w[0], &g[0], summed_block(n)
    s.states[0], s.states[1], s.states[2] = &m[0], &v[0], NULL
    with nogil:
        over_blocks(_lamb_block, &s, n, s.block, 16.0 * n)
        for i in range(blocks_of(n, s.block)):
            ww += s.sums[i][0]
            uu += s.sums[i][1]
        if ww > 0 and uu > 0:
            s.o.rate = <float> (<double> s.o.rate * sqrt(ww / uu))
        over_blocks(_block, &s, n, BLOCK, UNITS * n)


cdef int MUON_DIRECTION = step_index("muon_direction")


def muon_direction(
        float[::1] w, const float[::1] g, float[::1] m, float[::1] direction, Common common,
        double momentum, bint nesterov):
    """w *= keep;  m = momentum * m + g;  direction = m, or with `nesterov` g + momentum * m."""
    cdef double[6] numbers = [momentum, 0, 0, 0, 0, 0]
    _step(
        "muon_direction", MUON_DIRECTION, w, g, m, direction, None, common.take(nesterov, numbers))


cdef int _check(
        str where, float[::1] w, const float[::1] g, float[::1] s0, float[::1] s1,
        float[::1] s2) except -1:
    same_size(where, "w and g", w.shape[0], g.shape[0])
    _check_state(where, w, s0)
    _check_state(where, w, s1)
    _check_state(where, w, s2)
    return 0


cdef int _check_state(str where, float[::1] w, float[::1] state) except -1:
    if state is not None:
        same_size(where, "w and its state", w.shape[0], state.shape[0])
    return 0


cdef int _step(
        str where, int index, float[::1] w, const float[::1] g, float[::1] s0,
        float[::1] s1, float[::1] s2, fc_optimizer_step o) except -1:
    cdef stepping s
    _check(where, w, g, s0, s1, s2)
    if w.shape[0]:
        s.kernel, s.o, s.w, s.g = optimizers_table().steps + index, o, &w[0], &g[0]
        s.states[0] = &s0[0] if s0 is not None else NULL
        s.states[1] = &s1[0] if s1 is not None else NULL
        s.states[2] = &s2[0] if s2 is not None else NULL
        with nogil:
            over_blocks(_block, &s, w.shape[0], BLOCK, UNITS * w.shape[0])
    return 0


cdef void _block(ptrdiff_t at, ptrdiff_t n, const void *task) noexcept nogil:
    cdef const stepping *s = <const stepping *> task
    cdef float *here[FC_OPTIMIZER_STATES]
    _shifted(s, at, here)
    s.kernel.step(n, s.w + at, s.g + at, here, &s.o)


cdef void _lamb_block(ptrdiff_t at, ptrdiff_t n, const void *task) noexcept nogil:
    cdef stepping *s = <stepping *> task
    cdef float *here[FC_OPTIMIZER_STATES]
    cdef double *sums = s.sums[at // s.block]
    _shifted(s, at, here)
    sums[0], sums[1] = 0, 0
    s.k.lamb_moments(n, s.w + at, s.g + at, here, &s.o, sums)


cdef inline void _shifted(const stepping *s, ptrdiff_t at, float **here) noexcept nogil:
    cdef int k
    for k in range(FC_OPTIMIZER_STATES):
        here[k] = s.states[k] + at if s.states[k] != NULL else NULL
