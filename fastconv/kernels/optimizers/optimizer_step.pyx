"""One step of an optimizer: one pass over a flat array of parameters.

All arrays (n,), C-contiguous float32; g is read, the others are updated in place. What the steps have
in common is a `Common`; a state that a variant does without is None. Errors: ValueError for another
dtype, layout or size.
"""

from cython.parallel cimport parallel, prange
from libc.math cimport INFINITY, sqrt
from libc.stddef cimport ptrdiff_t

from fastconv.kernels._blocks cimport BLOCK, block_size, blocks_of, same_size
from fastconv.kernels._isa cimport flush_denormals, restore_denormals
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.optimizers._table_optimizers cimport (
    FC_OPTIMIZER_STATES, fc_optimizer, fc_optimizer_step, fc_optimizers, optimizers_table,
)

cdef enum:
    PARTS = 64  # of an array that is summed, at most; each has sums of its own


cdef class Common:
    """What every step has in common.

    Parameters
    ----------
    rate : float
        The learning rate.
    grad_scale, clip, pull : float
        The gradient is g * grad_scale, brought into [-clip, clip], plus pull * w.
    keep : float
        w is multiplied by it before it is changed.
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


def sgd_step(
        float[::1] w, const float[::1] g, float[::1] velocity, Common common, double momentum=0.0,
        bint nesterov=False, bint of_gradients=False):
    """velocity = momentum * velocity - rate * g;  w += velocity.

    With `nesterov`, w += momentum * velocity - rate * g with the new velocity. With `of_gradients`,
    velocity = momentum * velocity + g and w -= rate * velocity, or rate * (g + momentum * velocity).
    With velocity None, w -= rate * g, and momentum must be 0.
    """
    cdef double[6] numbers = [momentum, 0, 0, 0, 0, 0]
    cdef int form = 0
    if velocity is not None:
        form = 1 + nesterov + 2 * of_gradients
    elif momentum != 0:
        raise ValueError(
            f"sgd_step: momentum needs a velocity; received momentum {momentum}, velocity None"
        )
    _step("sgd_step", optimizers_table().sgd, w, g, velocity, None, None, common.take(form, numbers))


def adam_step(
        float[::1] w, const float[::1] g, float[::1] m, float[::1] v, Common common,
        double beta1=0.9, double beta2=0.999, double eps=1e-7, float[::1] largest=None):
    """m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;  w -= rate * m / (sqrt(v) + eps).

    At step t = 1, 2, ... the rate holds the correction sqrt(1 - beta2**t) / (1 - beta1**t). With
    `largest` (AMSGrad) that becomes max(largest, v) and takes the place of v in the root.
    """
    cdef double[6] numbers = [beta1, 1 - beta1, beta2, 1 - beta2, eps, 0]
    cdef int form = largest is not None
    _step("adam_step", optimizers_table().adam, w, g, m, v, largest, common.take(form, numbers))


def nadam_step(
        float[::1] w, const float[::1] g, float[::1] m, float[::1] v, Common common,
        double beta1, double beta2, double eps, double share):
    """m and v as in `adam_step`;  w -= rate * (m + share * g) / (sqrt(v) + eps)."""
    cdef double[6] numbers = [beta1, 1 - beta1, beta2, 1 - beta2, eps, share]
    _step("nadam_step", optimizers_table().nadam, w, g, m, v, None, common.take(0, numbers))


def rmsprop_step(
        float[::1] w, const float[::1] g, float[::1] v, Common common, double rho=0.9,
        double eps=1e-7, double momentum=0.0, float[::1] b=None, float[::1] mean=None):
    """v = rho v + (1 - rho) g^2;  w -= rate * g / sqrt(v + eps).

    With b, b = momentum * b + that step, and w -= b. With `mean` (centered), mean = rho mean +
    (1 - rho) g, and mean^2 is taken from v in the root.
    """
    cdef double[6] numbers = [rho, 1 - rho, eps, momentum, 0, 0]
    cdef int form = (b is not None) + 2 * (mean is not None)
    _step("rmsprop_step", optimizers_table().rmsprop, w, g, v, b, mean, common.take(form, numbers))


def adagrad_step(
        float[::1] w, const float[::1] g, float[::1] total, Common common, double eps=1e-7):
    """total += g^2;  w -= rate * g / sqrt(total + eps)."""
    cdef double[6] numbers = [eps, 0, 0, 0, 0, 0]
    _step("adagrad_step", optimizers_table().adagrad, w, g, total, None, None, common.take(0, numbers))


def lion_step(
        float[::1] w, const float[::1] g, float[::1] m, Common common, double beta1=0.9,
        double beta2=0.99):
    """w -= rate * sign(beta1 m + (1 - beta1) g);  m = beta2 m + (1 - beta2) g."""
    cdef double[6] numbers = [beta1, 1 - beta1, beta2, 1 - beta2, 0, 0]
    _step("lion_step", optimizers_table().lion, w, g, m, None, None, common.take(0, numbers))


def lamb_step(
        float[::1] w, const float[::1] g, float[::1] m, float[::1] v, Common common, ptrdiff_t t,
        double beta1=0.9, double beta2=0.999, double eps=1e-7):
    """m and v as in `adam_step`;  u = m / (1 - beta1**t) / (sqrt(v / (1 - beta2**t)) + eps);
    w -= rate * |w| / |u| * u, with 1 in place of the quotient if a norm is 0.
    """
    cdef double root = sqrt(1 - beta2**t)
    cdef double[6] numbers = [beta1, 1 - beta1, beta2, 1 - beta2, eps * root, root / (1 - beta1**t)]
    cdef fc_optimizer_step o = common.take(0, numbers)
    cdef double[2] sums = [0, 0]
    cdef float *states[FC_OPTIMIZER_STATES]
    where = "lamb_step"
    _check(where, w, g, m, v, None)
    if not w.shape[0]:
        return
    states[0], states[1], states[2] = &m[0], &v[0], NULL
    with nogil:
        _lamb_moments(w.shape[0], &w[0], &g[0], states, &o, sums)
        if sums[0] > 0 and sums[1] > 0:
            o.rate = <float> (<double> o.rate * sqrt(sums[0] / sums[1]))
        _over_blocks(optimizers_table().lamb_apply, w.shape[0], &w[0], &g[0], states, &o)


def muon_direction(
        float[::1] w, const float[::1] g, float[::1] m, float[::1] direction, Common common,
        double momentum, bint nesterov):
    """w *= keep;  m = momentum * m + g;  direction = m, or with `nesterov` g + momentum * m."""
    cdef double[6] numbers = [momentum, 0, 0, 0, 0, 0]
    _step(
        "muon_direction", optimizers_table().muon_direction, w, g, m, direction, None,
        common.take(nesterov, numbers))


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
        str where, fc_optimizer *kernel, float[::1] w, const float[::1] g, float[::1] s0,
        float[::1] s1, float[::1] s2, fc_optimizer_step o) except -1:
    cdef float *states[FC_OPTIMIZER_STATES]
    _check(where, w, g, s0, s1, s2)
    if w.shape[0]:
        states[0] = &s0[0] if s0 is not None else NULL
        states[1] = &s1[0] if s1 is not None else NULL
        states[2] = &s2[0] if s2 is not None else NULL
        with nogil:
            _over_blocks(kernel, w.shape[0], &w[0], &g[0], states, &o)
    return 0


cdef void _over_blocks(
        fc_optimizer *kernel, ptrdiff_t n, float *w, const float *g, float *const *states,
        const fc_optimizer_step *o) noexcept nogil:
    cdef ptrdiff_t i
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(12.0 * n)):
        state = flush_denormals()
        for i in prange(blocks_of(n, BLOCK), schedule="static"):
            _block(kernel, i * BLOCK, block_size(i, n, BLOCK), w, g, states, o)
        restore_denormals(state)


cdef void _block(
        fc_optimizer *kernel, ptrdiff_t at, ptrdiff_t n, float *w, const float *g,
        float *const *states, const fc_optimizer_step *o) noexcept nogil:
    cdef float *here[FC_OPTIMIZER_STATES]
    _shifted(states, at, here)
    kernel(n, w + at, g + at, here, o)


cdef inline void _shifted(float *const *states, ptrdiff_t at, float **here) noexcept nogil:
    cdef int k
    for k in range(FC_OPTIMIZER_STATES):
        here[k] = states[k] + at if states[k] != NULL else NULL


cdef void _lamb_moments(
        ptrdiff_t n, float *w, const float *g, float *const *states, const fc_optimizer_step *o,
        double *sums) noexcept nogil:
    cdef const fc_optimizers *k = optimizers_table()
    cdef double parts[PARTS][2]
    cdef ptrdiff_t i, block = blocks_of(blocks_of(n, PARTS), BLOCK) * BLOCK
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(16.0 * n)):
        state = flush_denormals()
        for i in prange(blocks_of(n, block), schedule="static"):
            _lamb_block(k, i * block, block_size(i, n, block), w, g, states, o, parts[i])
        restore_denormals(state)
    for i in range(blocks_of(n, block)):
        sums[0] += parts[i][0]
        sums[1] += parts[i][1]


cdef void _lamb_block(
        const fc_optimizers *k, ptrdiff_t at, ptrdiff_t n, float *w, const float *g,
        float *const *states, const fc_optimizer_step *o, double *sums) noexcept nogil:
    cdef float *here[FC_OPTIMIZER_STATES]
    _shifted(states, at, here)
    sums[0], sums[1] = 0, 0
    k.lamb_moments(n, w + at, g + at, here, o, sums)
