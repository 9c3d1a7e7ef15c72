cdef extern from "fastconv.h" nogil:
    enum:
        FC_TEAM
        FC_TABLE
        FC_OWN
        FC_INNER

    enum:
        FC_ACT_NONE
        FC_ACT_RELU
        FC_ACT_RELU6

    # The tables of all families. Modules access those that they use through _table_<family>.pxd.
    ctypedef struct fc_kernels:
        const char *name


# The tables of the level in use. Kernels get theirs once per call and never keep it between calls.
cdef const fc_kernels *kernels() noexcept nogil

# Scratch memory of the calling thread: see fastconv.h. NULL if allocation fails.
cdef void *scratch(int slot, size_t size) noexcept nogil

cdef unsigned flush_denormals() noexcept nogil
cdef void restore_denormals(unsigned state) noexcept nogil

cdef int activation_code(str activation) except -1
