"""Operations on NumPy arrays: any real dtype, strides and layout in, float32 out, all checked.

Arguments are checked before anything is written, and an error states the rule that was broken.
The definitions are those of `fastconv.reference`; the arithmetic is float32, on all threads that
`fastconv.set_num_threads` allows, and the bits do not depend on the number of threads.

A module holds a family of operations; a new operation is added to its ``__all__``.
"""
# ruff: noqa: F403

from fastconv.ops import (
    activations,
    adjusting,
    convolution,
    elementwise,
    losses,
    matmul,
    normalization,
    pooling,
    rectifiers,
    resampling,
)
from fastconv.ops.activations import *
from fastconv.ops.adjusting import *
from fastconv.ops.convolution import *
from fastconv.ops.elementwise import *
from fastconv.ops.losses import *
from fastconv.ops.matmul import *
from fastconv.ops.normalization import *
from fastconv.ops.optimizer_steps import adam_step, sgd_step
from fastconv.ops.pooling import *
from fastconv.ops.rectifiers import *
from fastconv.ops.resampling import *

__all__ = ["adam_step", "sgd_step"]
__all__ += activations.__all__
__all__ += adjusting.__all__
__all__ += convolution.__all__
__all__ += elementwise.__all__
__all__ += losses.__all__
__all__ += matmul.__all__
__all__ += normalization.__all__
__all__ += pooling.__all__
__all__ += rectifiers.__all__
__all__ += resampling.__all__
__all__.sort()
