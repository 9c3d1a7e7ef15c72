"""Operations on NumPy arrays: any real dtype, strides and layout in, float32 out, all checked.

Each function states its rule when something does not fit, before anything is written. The
definitions are those of `fastconv.reference`; the arithmetic is float32, on all threads that
`fastconv.set_num_threads` allows, and the same bits come out for any number of them.
"""

from fastconv.ops.gemm import gemm

__all__ = ["gemm"]
