"""Every operation in a few lines of NumPy, in float64: the definition of correct.

Nothing here is fast and nothing is checked; the tests and benchmarks compare the kernels with it,
and readers find in it what an operation means. Shapes: activations (mb, ih, iw, ic), weights
(kh, kw, ic/groups, oc), outputs (mb, oh, ow, oc); gradients are called dy, dx, dw, db. `padding` is
"valid", "same", a number, (rows, columns) or ((top, bottom), (left, right)); strides and dilation
are a number or (rows, columns).
"""

from fastconv.reference.conv2d import conv2d, conv2d_backward
from fastconv.reference.dropout import dropout, dropout_mask, philox4x32
from fastconv.reference.elementwise import affine, bias_add, bias_grad, relu, relu_backward
from fastconv.reference.gemm import gemm
from fastconv.reference.losses import mean_squared_error, softmax_cross_entropy
from fastconv.reference.merge import (
    maximum,
    maximum_backward,
    minimum,
    minimum_backward,
    multiply,
    multiply_backward,
    subtract,
)
from fastconv.reference.optimizers import adam_step, sgd_step
from fastconv.reference.pool2d import (
    avg_pool2d,
    avg_pool2d_backward,
    lp_pool2d,
    lp_pool2d_backward,
    max_pool2d,
    max_pool2d_argmax,
    max_pool2d_backward,
    min_pool2d,
    min_pool2d_backward,
)
from fastconv.reference.softmax import softmax, softmax_backward

__all__ = [
    "adam_step",
    "affine",
    "avg_pool2d",
    "avg_pool2d_backward",
    "bias_add",
    "bias_grad",
    "conv2d",
    "conv2d_backward",
    "dropout",
    "dropout_mask",
    "gemm",
    "lp_pool2d",
    "lp_pool2d_backward",
    "max_pool2d",
    "max_pool2d_argmax",
    "max_pool2d_backward",
    "maximum",
    "maximum_backward",
    "mean_squared_error",
    "min_pool2d",
    "min_pool2d_backward",
    "minimum",
    "minimum_backward",
    "multiply",
    "multiply_backward",
    "philox4x32",
    "relu",
    "relu_backward",
    "sgd_step",
    "softmax",
    "softmax_backward",
    "softmax_cross_entropy",
    "subtract",
]
