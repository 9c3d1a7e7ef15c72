"""The instruction-set level in use: at import, the highest that the processor and the OS support.

``FASTCONV_ISA`` forces a level. Tests switch between all of them with :func:`use`.
"""

import os

cdef extern from "levels.h" nogil:
    enum:
        FC_N_LEVELS

    int fc_available(const fc_kernels **out)

# Only the fields that this module reads: _table_matmul.pxd, which declares all, cimports this
# module.
cdef extern from "table_matmul.h" nogil:
    ctypedef struct fc_matmul:
        int vl, mr, nr, gemm_mr

cdef extern from "fastconv.h" nogil:
    const fc_matmul *fc_matmul_of(const fc_kernels *k)
    void *fc_scratch(int slot, size_t size)
    unsigned fc_flush_denormals()
    void fc_restore_denormals(unsigned state)

cdef const fc_kernels *_levels[FC_N_LEVELS]
cdef int _n_levels = fc_available(_levels)
cdef const fc_kernels *_active = _levels[_n_levels - 1]


cdef const fc_kernels *kernels() noexcept nogil:
    return _active


cdef void *scratch(int slot, size_t size) noexcept nogil:
    return fc_scratch(slot, size)


cdef unsigned flush_denormals() noexcept nogil:
    return fc_flush_denormals()


cdef void restore_denormals(unsigned state) noexcept nogil:
    fc_restore_denormals(state)


cdef int activation_code(str activation) except -1:
    if activation == "none":
        return FC_ACT_NONE
    if activation == "relu":
        return FC_ACT_RELU
    if activation == "relu6":
        return FC_ACT_RELU6
    raise ValueError(
        f"activation must be 'none', 'relu' or 'relu6' inside a kernel; received {activation!r}")


def available():
    """Names of the levels that this machine can run, slowest first."""
    return [(<bytes> _levels[i].name).decode() for i in range(_n_levels)]


def active():
    """Name of the level in use."""
    return (<bytes> _active.name).decode()


def tile_sizes():
    """``{"VL", "MR", "NR", "GMR"}`` of the level in use, in floats, rows, columns and rows."""
    cdef const fc_matmul *mm = fc_matmul_of(_active)
    return {"VL": mm.vl, "MR": mm.mr, "NR": mm.nr, "GMR": mm.gemm_mr}


def use(str name):
    """Switch to the level `name`, for the whole process. Not while kernels run in other threads.

    Raises
    ------
    ValueError
        If there is no such level, or this machine cannot run it.
    """
    global _active
    names = available()
    if name not in names:
        raise ValueError(
            f"the instruction-set level must be one that this machine runs, {names}; received {name!r}"
        )
    _active = _levels[names.index(name)]


if os.environ.get("FASTCONV_ISA"):
    try:
        use(os.environ["FASTCONV_ISA"])
    except ValueError as error:
        raise ImportError(f"FASTCONV_ISA: {error}") from None
