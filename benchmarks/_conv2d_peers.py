"""A convolution's passes as the peers compute them.

Each function returns a call to be timed and one that returns its result in our layout: y, dx or dw.
Padding that differs between two sides, which PyTorch lacks, is done before, untimed.
"""

from __future__ import annotations

from typing import Any

import _peers
import numpy as np
from _shapes import Conv


def torch_call(case: Conv, which: str, arrays: Any, layout: str):
    """A pass in PyTorch, in one of its layouts."""
    torch, s = _peers.torch, case.shape
    x, dy = (_peers.torch_image(array, layout) for array in (arrays.x, arrays.dy))
    w = torch.from_numpy(arrays.w).permute(3, 2, 0, 1)
    w = w.contiguous(memory_format=_peers.memory_format(layout)).clone()
    b = torch.from_numpy(arrays.b)
    pad, extra = (s.pt, s.pl), (0, s.pr - s.pl, 0, s.pb - s.pt)
    if any(extra):  # PyTorch pads both sides equally
        x = torch.nn.functional.pad(x, extra)
    stride = (s.sh, s.sw)
    if which == "fwd":

        def call():
            return torch.nn.functional.conv2d(x, w, b, stride, pad, 1, s.groups)

        return call, lambda: _peers.numpy_image(call())
    to_data = which == "bwd_data"
    wanted = [to_data, not to_data, not to_data]

    def call():
        return torch.ops.aten.convolution_backward(
            dy, x, w, [s.oc], stride, pad, (1, 1), False, (0, 0), s.groups, wanted
        )

    if to_data:
        return call, lambda: _peers.numpy_image(call()[0])[:, : s.ih, : s.iw]
    return call, lambda: call()[1].permute(2, 3, 1, 0).numpy()


def tensorflow_call(case: Conv, which: str, arrays: Any):
    """A pass in TensorFlow, compiled as a graph; None for groups of more than one channel."""
    tf, s = _peers.tensorflow(), case.shape
    depthwise = s.groups > 1
    if depthwise and s.groups != s.ic:
        return None
    w = arrays.w
    if depthwise:  # TensorFlow's filters are (kh, kw, ic, filters of each channel)
        w = np.ascontiguousarray(w.transpose(0, 1, 3, 2).reshape(s.kh, s.kw, s.ic, -1))
    x, w, b, dy = (tf.constant(array) for array in (arrays.x, w, arrays.b, arrays.dy))
    how = {
        "strides": [1, s.sh, s.sw, 1],
        "padding": "EXPLICIT",
        "explicit_paddings": [0, 0, s.pt, s.pb, s.pl, s.pr, 0, 0],
    }
    if not any(how["explicit_paddings"]):
        how = {"strides": how["strides"], "padding": "VALID"}
    kind = "DepthwiseConv2dNative" if depthwise else "Conv2D"
    conv, to_data, to_filter = (
        getattr(tf.raw_ops, kind + what) for what in ("", "BackpropInput", "BackpropFilter")
    )

    @tf.function
    def fwd(x, w, b):
        return tf.nn.bias_add(conv(input=x, filter=w, **how), b)

    @tf.function
    def bwd_data(dy, w):
        return to_data(input_sizes=s.x_shape, filter=w, out_backprop=dy, **how)

    @tf.function
    def bwd_weights(x, dy):
        dw = to_filter(input=x, filter_sizes=w.shape, out_backprop=dy, **how)
        return dw, tf.raw_ops.BiasAddGrad(out_backprop=dy)

    if which == "fwd":
        return lambda: fwd(x, w, b), lambda: fwd(x, w, b).numpy()
    if which == "bwd_data":
        return lambda: bwd_data(dy, w), lambda: bwd_data(dy, w).numpy()
    return lambda: bwd_weights(x, dy), lambda: bwd_weights(x, dy)[0].numpy().reshape(s.w_shape)
