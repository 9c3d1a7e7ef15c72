"""Operations on NumPy arrays: any real dtype, strides and layout in, float32 out, all checked.

Each function states its rule when something does not fit, before anything is written. The
definitions are those of `fastconv.reference`; the arithmetic is float32, on all threads that
`fastconv.set_num_threads` allows, and the same bits come out for any number of them.
"""

from fastconv.ops.adjust import brightness, brightness_backward, contrast, contrast_backward
from fastconv.ops.affine import affine
from fastconv.ops.affine_transform import affine_transform, affine_transform_backward
from fastconv.ops.avg_pool2d import avg_pool2d, avg_pool2d_backward
from fastconv.ops.batch_norm import batch_norm, batch_norm_backward, moments
from fastconv.ops.bias import bias_add, bias_grad
from fastconv.ops.conv2d import conv2d
from fastconv.ops.conv2d_backward import conv2d_backward
from fastconv.ops.depthwise_conv2d import depthwise_conv2d, depthwise_conv2d_backward
from fastconv.ops.dropout import dropout, dropout_backward
from fastconv.ops.exponentials import exponential, exponential_backward, softplus, softplus_backward
from fastconv.ops.gates import (
    gelu,
    gelu_backward,
    hard_silu,
    hard_silu_backward,
    silu,
    silu_backward,
)
from fastconv.ops.gemm import gemm
from fastconv.ops.group_norm import group_norm, group_norm_backward
from fastconv.ops.layer_norm import layer_norm, layer_norm_backward
from fastconv.ops.lp_pool2d import lp_pool2d, lp_pool2d_backward
from fastconv.ops.max_pool2d import max_pool2d, max_pool2d_backward
from fastconv.ops.mean_squared_error import mean_squared_error
from fastconv.ops.min_pool2d import min_pool2d, min_pool2d_backward
from fastconv.ops.optimizer_steps import adam_step, sgd_step
from fastconv.ops.prelu import prelu, prelu_backward
from fastconv.ops.rectifiers import (
    clipped_relu,
    clipped_relu_backward,
    elu,
    elu_backward,
    leaky_relu,
    leaky_relu_backward,
    selu,
    selu_backward,
)
from fastconv.ops.relu import relu, relu_backward
from fastconv.ops.resize import resize, resize_backward
from fastconv.ops.sigmoids import (
    hard_sigmoid,
    hard_sigmoid_backward,
    sigmoid,
    sigmoid_backward,
    softsign,
    softsign_backward,
    tanh,
    tanh_backward,
)
from fastconv.ops.softmax import softmax, softmax_backward
from fastconv.ops.softmax_cross_entropy import softmax_cross_entropy

__all__ = [
    "adam_step",
    "affine",
    "affine_transform",
    "affine_transform_backward",
    "avg_pool2d",
    "avg_pool2d_backward",
    "batch_norm",
    "batch_norm_backward",
    "bias_add",
    "bias_grad",
    "brightness",
    "brightness_backward",
    "clipped_relu",
    "clipped_relu_backward",
    "contrast",
    "contrast_backward",
    "conv2d",
    "conv2d_backward",
    "depthwise_conv2d",
    "depthwise_conv2d_backward",
    "dropout",
    "dropout_backward",
    "elu",
    "elu_backward",
    "exponential",
    "exponential_backward",
    "gelu",
    "gelu_backward",
    "gemm",
    "group_norm",
    "group_norm_backward",
    "hard_sigmoid",
    "hard_sigmoid_backward",
    "hard_silu",
    "hard_silu_backward",
    "layer_norm",
    "layer_norm_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "lp_pool2d",
    "lp_pool2d_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "mean_squared_error",
    "min_pool2d",
    "min_pool2d_backward",
    "moments",
    "prelu",
    "prelu_backward",
    "relu",
    "relu_backward",
    "resize",
    "resize_backward",
    "selu",
    "selu_backward",
    "sgd_step",
    "sigmoid",
    "sigmoid_backward",
    "silu",
    "silu_backward",
    "softmax",
    "softmax_backward",
    "softmax_cross_entropy",
    "softplus",
    "softplus_backward",
    "softsign",
    "softsign_backward",
    "tanh",
    "tanh_backward",
]
