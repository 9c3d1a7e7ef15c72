"""Every operation in a few lines of NumPy, in float64: the definition of correct.

Nothing here is fast and arguments are not checked; the tests and benchmarks compare the kernels
with it, and it tells readers what an operation means. Shapes: activations (mb, ih, iw, ic), weights
(kh, kw, ic/groups, oc), outputs (mb, oh, ow, oc); gradients are called dy, dx, dw, db. `padding` is
"valid", "same", a number, (rows, columns) or ((top, bottom), (left, right)); strides and dilation
are a number or (rows, columns).

Every public function and class of the modules is exported.
"""

# ruff: noqa: F403

from fastconv.reference.activations import *
from fastconv.reference.adjust import *
from fastconv.reference.augment import *
from fastconv.reference.conv2d import *
from fastconv.reference.dropout import *
from fastconv.reference.elementwise import *
from fastconv.reference.gemm import *
from fastconv.reference.losses import *
from fastconv.reference.merge import *
from fastconv.reference.normalization import *
from fastconv.reference.optimizers import *
from fastconv.reference.pool2d import *
from fastconv.reference.resample import *
from fastconv.reference.resize import *
from fastconv.reference.softmax import *

__all__ = sorted(
    name
    for name, thing in globals().items()
    if getattr(thing, "__module__", "").startswith(f"{__name__}.") and "._" not in thing.__module__
)
