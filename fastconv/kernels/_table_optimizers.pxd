from libc.stddef cimport ptrdiff_t


cdef extern from "table_optimizers.h" nogil:
    enum:
        FC_OPTIMIZER_STATES
        FC_OPTIMIZER_NUMBERS

    ctypedef struct fc_optimizer_step:
        float grad_scale, clip, pull, keep, rate
        float *number
        int form

    ctypedef struct fc_optimizer:
        const char *name
        void (*step)(
            ptrdiff_t n, float *w, const float *g, float *const *states,
            const fc_optimizer_step *o) noexcept nogil

    ctypedef struct fc_optimizers:
        const fc_optimizer *steps
        void (*lamb_moments)(
            ptrdiff_t n, float *w, const float *g, float *const *states,
            const fc_optimizer_step *o, double *sums) noexcept nogil
        double (*sum_squares)(ptrdiff_t n, const float *x) noexcept nogil
        void (*blend)(ptrdiff_t n, float share, const float *x, float *y) noexcept nogil
        double (*regularize)(
            ptrdiff_t n, float l1, float l2, const float *w, float *g) noexcept nogil
