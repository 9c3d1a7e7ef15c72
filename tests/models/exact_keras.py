"""Keras 3 in float64, on PyTorch, with roundings of any size put between its layers."""

import contextlib

import numpy as np
import pytest
from drawn_networks import one_or_list

SEEDS = (0, 1)
"""Of the rounded runs."""


class Exact:
    """Runs models of Keras, exactly or rounded.

    Attributes
    ----------
    level : float
        Every tensor, weight and gradient is multiplied by 1 + d with a random |d| up to this.
    """

    def __init__(self):
        self.keras = pytest.importorskip("keras", reason="needs the extra [peers]")
        if self.keras.backend.backend() != "torch":
            pytest.skip("gradients are asked of Keras's backend torch")
        import torch

        torch.set_num_threads(1)
        self.torch, self.level, self.generator = torch, 0.0, torch.Generator()
        exact = self

        class Rounding(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return exact.rounded(x)

            @staticmethod
            def backward(ctx, dy):
                return exact.rounded(dy)

        class MeanOfWhatIsThere(self.keras.layers.Layer):
            """Average pooling with padding "same", whose windows count what lies in the image.

            As on TensorFlow, and as PyTorch's count_include_pad=False says; on PyTorch, Keras 3.15
            repeats the last row where the padding is uneven, and counts it.
            """

            def __init__(self, pool_size, strides, padding):
                super().__init__()
                self.how = pool_size, strides or pool_size, "valid"

            def call(self, x):
                pools, strides, _ = self.how
                sides = x.shape[1:-1]
                strides = strides if isinstance(strides, tuple) else (strides,) * len(sides)
                edges = [0, 0]
                for size, pool, stride in reversed([*zip(sides, pools, strides, strict=True)]):
                    short = max(0, (-(-size // stride) - 1) * stride + pool - size)
                    edges += [short // 2, short - short // 2]
                pad = torch.nn.functional.pad
                pool = exact.keras.ops.average_pool
                there = pool(pad(torch.ones_like(x), edges), *self.how)
                return pool(pad(x, edges), *self.how) / there

        self.rounding, self.mean_of_what_is_there = Rounding, MeanOfWhatIsThere

    def rounded(self, x):
        spread = self.torch.rand(x.shape, generator=self.generator, dtype=x.dtype)
        return x * (1 + self.level * (2 * spread - 1))

    def build(self, network):
        """The network's model in Keras, and its layers."""
        return network.build(self.keras, self._layer)

    def _layer(self, name, arguments):
        """A layer of Keras whose output is rounded."""
        if name.startswith("AveragePooling") and arguments.get("padding") == "same":
            layer = self.mean_of_what_is_there(**arguments)
        else:
            layer = getattr(self.keras.layers, name)(**arguments)
        plain = layer.call
        layer.call = lambda x, **how: self.after(plain(x, **how))
        return layer

    def after(self, x):
        return self.rounding.apply(x) if self.level else x

    def tensors(self, arrays, **how):
        return [self.torch.tensor(x, dtype=self.torch.float64, **how) for x in arrays]

    def set_weights(self, layers, weights):
        for layer, arrays in zip(layers, weights, strict=True):
            for variable, array in zip(layer.weights, self.tensors(arrays), strict=True):
                variable.assign(self.rounded(array))

    def losses(self, network):
        return [getattr(self.keras.losses, n)(**how, dtype="float64") for n, how in network.losses]

    def infer(self, model, xs):
        inputs = self.tensors(xs)
        return _list(model(one_or_list([*map(self.after, inputs)]), training=False))

    def train(self, model, layers, losses, xs, ys):
        """The training outputs, the loss, the gradients of the inputs and of the parameters."""
        for variable in model.trainable_variables:
            variable.value.grad = None
        inputs = self.tensors(xs, requires_grad=True)
        outputs = _list(model(one_or_list([*map(self.after, inputs)]), training=True))
        total = sum(loss(y, part) for loss, y, part in zip(losses, ys, outputs, strict=True))
        total = total + sum(model.losses)
        total.backward()
        grads = [v.value.grad for layer in layers for v in layer.trainable_variables]
        return outputs, total, [x.grad for x in inputs], grads

    def spread(self, level, run):
        """What `run` returns exactly, and how far roundings of `level` move each of the arrays."""
        self.level = 0.0
        wanted = run()
        moved = np.zeros(len(wanted))
        for seed in SEEDS:
            self.level = level
            self.generator.manual_seed(seed)
            far = [np.abs(a - b).max(initial=0) for a, b in zip(run(), wanted, strict=True)]
            moved = np.maximum(moved, far)
        self.level = 0.0
        return wanted, moved


def _list(found):
    return list(found) if isinstance(found, (list, tuple)) else [found]


@contextlib.contextmanager
def exact_keras():
    """An `Exact`; afterwards Keras and PyTorch are as they were."""
    exact = Exact()
    config, functional = exact.keras.config, exact.torch.nn.functional
    before = config.floatx(), config.dtype_policy(), exact.torch.get_num_threads()
    config.set_floatx("float64")
    config.set_dtype_policy("float64")
    with pytest.MonkeyPatch.context() as patch:
        # PyTorch refuses float64 backward passes through the strides that come of Keras's
        # permutations ("grad_weight must be contiguous").
        for name in ("conv1d", "conv2d", "conv_transpose1d", "conv_transpose2d", "nll_loss"):
            patch.setattr(functional, name, _with_plain_strides(exact.torch, functional, name))
        yield exact
    config.set_floatx(before[0])
    config.set_dtype_policy(before[1])


def _with_plain_strides(torch, functional, name):
    function, plain = getattr(functional, name), torch.contiguous_format

    class Plain(torch.autograd.Function):
        @staticmethod
        def forward(ctx, y):
            return y.clone()

        @staticmethod
        def backward(ctx, dy):
            return dy.clone(memory_format=plain)

    def call(x, w, **how):
        x, w = x.clone(memory_format=plain), w.clone(memory_format=plain)
        return Plain.apply(function(x, w, **how))

    return call
