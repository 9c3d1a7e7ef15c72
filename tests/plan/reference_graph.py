"""Any graph in float64, step by step, through `fastconv.reference`: what a plan must agree with.

Beside every number goes a magnitude: what it would be if all terms had one sign. Rounding errors
are bounded by epsilon, times the number of roundings on the way, times that magnitude.
"""

from collections import defaultdict

import numpy as np

from fastconv import reference
from fastconv.plan.operations import (
    activations,
    elementwise,
    merging,
    movement,
    opaque,
    pooling,
    products,
)

FROM_INPUT = ("clipped_relu", "gelu", "silu", "hard_silu")  # the others' gradients read the output
EPSILON = np.finfo(np.float32).eps


class Reference:
    """Forward and backward of a graph; `magnitude` replaces every number by its absolute value.

    `like`: a Reference that has run, whose signs and maxima a magnitude run follows.
    """

    def __init__(self, graph, like=None):
        self.graph = graph
        self.like = like
        self.magnitude = like is not None

    def _number(self, x):
        x = np.asarray(x, np.float64)
        return np.abs(x) if self.magnitude else x

    def forward(self, xs, training=True, step=0):
        """The outputs, as a list."""
        self.training, self.step = training, step
        self.values = {
            value: self._number(x) for value, x in zip(self.graph.inputs, xs, strict=True)
        }
        for node in self.graph.nodes:
            x = [self.values[value] for value in node.inputs]
            self.values[node.output] = self._apply(node, x)
        return [self.values[y] for y in self.graph.outputs]

    def backward(self, dys):
        """Gradients {value or parameter: array} of sum(dy * y) over the outputs."""
        grads = defaultdict(float)
        for y, dy in zip(self.graph.outputs, dys, strict=True):
            grads[y] = grads[y] + self._number(dy)
        for node in reversed(self.graph.nodes):
            if node.output not in grads:
                continue
            for target, part in self._transpose(node, grads[node.output]):
                grads[target] = grads[target] + part
        return grads

    def _first_taken(self, node):
        """Where a maximum or minimum is its first input, ties included."""
        a, b = (self._sign_values(value) for value in node.inputs)
        return a >= b if node.primitive.kind == "maximum" else a <= b

    def _factors(self, step, x):
        ones = np.ones((len(x), x.shape[-1]))
        factors = reference.dropout(ones, step.rate, step.seed, self.step)
        return factors.reshape(len(x), *[1] * (x.ndim - 2), x.shape[-1])

    def _weights(self, step):
        return self._number(step.w.value).reshape(step.shape.w_shape)

    def _sign_values(self, value):
        return (self.like or self).values[value]

    def _apply(self, node, x):
        step = node.primitive
        match step:
            case products.Conv2D():
                b = 0 if step.b is None else self._number(step.b.value)
                return reference.conv2d(x[0], self._weights(step), b, **_conv(step))
            case products.Conv2DTranspose():
                b = 0 if step.b is None else self._number(step.b.value)
                shape = (len(x[0]), *step.shape.x_shape[1:])
                zero = np.zeros(shape)
                how = _conv(step)
                return reference.conv2d_backward(x[0], zero, self._weights(step), **how)[0] + b
            case products.Dense():
                b = 0 if step.b is None else self._number(step.b.value)
                return x[0] @ self._number(step.w.value) + b
            case activations.Activation(kind="relu"):
                return reference.relu(x[0])
            case activations.Activation(kind="softmax"):
                assert not self.magnitude
                return reference.softmax(x[0])
            case activations.Activation():
                assert not self.magnitude
                return getattr(reference, step.kind)(x[0], **step.attrs)
            case activations.PReLU():
                if self.magnitude:
                    return x[0] * np.maximum(1, abs(step.alpha.value))
                return reference.prelu(x[0], step.alpha.value)
            case pooling.Pool2D(kind="max"):
                return reference.max_pool2d(x[0], **_pool(step))
            case pooling.Pool2D(kind="min"):
                if not self.magnitude:
                    return reference.min_pool2d(x[0], **_pool(step))
                return reference.max_pool2d(x[0], **_pool(step))
            case pooling.Pool2D(kind="lp"):
                return reference.lp_pool2d(x[0], **_pool(step), p=step.p)
            case pooling.Pool2D():
                include = step.count_include_pad
                return reference.avg_pool2d(x[0], **_pool(step), count_include_pad=include)
            case elementwise.Dropout():
                if not self.training:
                    return x[0]
                return reference.dropout(x[0], step.rate, step.seed, self.step)
            case elementwise.SpatialDropout():
                return x[0] * self._factors(step, x[0]) if self.training else x[0]
            case elementwise.Affine():
                return self._number(step.scale) * x[0] + self._number(step.offset)
            case movement.Reshape():
                return x[0].reshape(len(x[0]), *node.output.shape)
            case movement.Pad():
                return np.pad(x[0], ((0, 0), *step.sides))
            case movement.Crop():
                return x[0][_inside(step.sides, x[0].shape)]
            case movement.Transpose():
                return x[0].transpose(0, *(axis + 1 for axis in step.axes))
            case movement.Upsample():
                return x[0].repeat(step.sh, axis=1).repeat(step.sw, axis=2)
            case merging.Add():
                return x[0] + x[1]
            case merging.Multiply():
                return reference.multiply(x[0], x[1])
            case merging.Merge(kind="subtract"):
                return x[0] + x[1] if self.magnitude else reference.subtract(x[0], x[1])
            case merging.Merge():
                first = self._first_taken(node)
                return np.where(first, x[0], x[1])
            case merging.Concat():
                return np.concatenate(x, axis=step.axis + 1)
            case opaque.Opaque():
                return step.layer.forward(x if len(x) > 1 else x[0], self.training)
        raise AssertionError(step)

    def _transpose(self, node, dy):
        step, x = node.primitive, [self.values[value] for value in node.inputs]
        y = self.values[node.output]
        match step:
            case products.Conv2D():
                w = self._weights(step)
                dx, dw, db = reference.conv2d_backward(dy, x[0], w, **_conv(step))
                yield node.inputs[0], dx
                yield step.w, dw.reshape(step.w.shape)
                if step.b is not None:
                    yield step.b, db
            case products.Conv2DTranspose():
                w = self._weights(step)
                yield node.inputs[0], reference.conv2d(dy, w, **_conv(step))
                yield step.w, reference.conv2d_backward(x[0], dy, w, **_conv(step))[1]
                if step.b is not None:
                    yield step.b, dy.sum(axis=(0, 1, 2))
            case products.Dense():
                w, dy2d = self._number(step.w.value), dy.reshape(-1, dy.shape[-1])
                yield node.inputs[0], dy @ w.T
                yield step.w, x[0].reshape(-1, w.shape[0]).T @ dy2d
                if step.b is not None:
                    yield step.b, dy2d.sum(axis=0)
            case activations.Activation(kind="relu"):
                yield node.inputs[0], reference.relu_backward(dy, self._sign_values(node.output))
            case activations.Activation(kind="softmax"):
                yield node.inputs[0], reference.softmax_backward(dy, y)
            case activations.Activation():
                read = x[0] if step.kind in FROM_INPUT else y
                backward = getattr(reference, f"{step.kind}_backward")
                yield node.inputs[0], backward(dy, read, **step.attrs)
            case activations.PReLU():
                alpha, read = self._number(step.alpha.value), self._sign_values(node.inputs[0])
                dx, dalpha = reference.prelu_backward(dy, read, alpha)
                yield node.inputs[0], dx
                yield step.alpha, self._number(dalpha)
            case pooling.Pool2D(kind="max"):
                signed = self._sign_values(node.inputs[0])
                yield node.inputs[0], reference.max_pool2d_backward(dy, signed, **_pool(step))
            case pooling.Pool2D(kind="min"):
                signed = self._sign_values(node.inputs[0])
                yield node.inputs[0], reference.min_pool2d_backward(dy, signed, **_pool(step))
            case pooling.Pool2D(kind="lp"):
                signed = self._sign_values(node.inputs[0])
                dx = reference.lp_pool2d_backward(dy, signed, **_pool(step), p=step.p)
                yield node.inputs[0], np.abs(dx) if self.magnitude else dx
            case pooling.Pool2D():
                include = step.count_include_pad
                dx = reference.avg_pool2d_backward(
                    dy, x[0].shape, **_pool(step), count_include_pad=include
                )
                yield node.inputs[0], dx
            case elementwise.Dropout():
                dropped = reference.dropout(dy, step.rate, step.seed, self.step)
                yield node.inputs[0], dropped if self.training else dy
            case elementwise.SpatialDropout():
                yield node.inputs[0], dy * self._factors(step, x[0]) if self.training else dy
            case elementwise.Affine():
                yield node.inputs[0], self._number(step.scale) * dy
            case movement.Reshape():
                yield node.inputs[0], dy.reshape(x[0].shape)
            case movement.Pad():
                yield node.inputs[0], dy[_inside(step.sides, dy.shape)]
            case movement.Crop():
                yield node.inputs[0], np.pad(dy, ((0, 0), *step.sides))
            case movement.Transpose():
                yield node.inputs[0], dy.transpose(np.argsort((0, *np.add(step.axes, 1))))
            case movement.Upsample():
                mb, ih, iw, ic = x[0].shape
                blocks = dy.reshape(mb, ih, step.sh, iw, step.sw, ic)
                yield node.inputs[0], blocks.sum(axis=(2, 4))
            case merging.Add():
                yield node.inputs[0], dy
                yield node.inputs[1], dy
            case merging.Multiply():
                yield from zip(node.inputs, reference.multiply_backward(dy, *x), strict=True)
            case merging.Merge(kind="subtract"):
                yield node.inputs[0], dy
                yield node.inputs[1], dy if self.magnitude else -dy
            case merging.Merge():
                first = self._first_taken(node)
                yield node.inputs[0], np.where(first, dy, 0)
                yield node.inputs[1], np.where(first, 0, dy)
            case merging.Concat():
                ends = np.cumsum([v.shape[step.axis] for v in node.inputs])[:-1]
                yield from zip(node.inputs, np.split(dy, ends, axis=step.axis + 1), strict=True)
            case opaque.Opaque():
                dx = step.layer.backward(dy)
                yield from zip(node.inputs, dx if len(x) > 1 else [dx], strict=True)
            case _:
                raise AssertionError(step)


def roundings(graph):
    """A bound of the number of roundings that any result of the graph has gone through."""
    count = 8
    for node in graph.nodes:
        step = node.primitive
        match step:
            case products.Conv2D():
                count += step.shape.kh * step.shape.kw * step.shape.ic // step.shape.groups + 8
                count += step.shape.oh * step.shape.ow  # the weights' gradient sums over places
            case products.Conv2DTranspose():
                count += 2 * step.w.size + step.shape.oh * step.shape.ow
                count += step.shape.ih * step.shape.iw
            case movement.Upsample():
                count += step.sh * step.sw
            case products.Dense():
                count += step.w.shape[0] + step.w.shape[1]
            case pooling.Pool2D():
                count += step.shape.kh * step.shape.kw
            case merging.Multiply():
                count += node.output.size if step.spread else 0
        count += 4
    return count


def assert_close(actual, expected, magnitude, count, what=""):
    """|actual - expected| <= count * epsilon * magnitude, element by element."""
    assert actual.shape == expected.shape, what
    error = np.abs(actual - expected)
    bound = count * EPSILON * magnitude + np.finfo(np.float32).tiny
    worst = np.argmax(error - bound) if error.size else 0
    assert np.all(error <= bound), (
        f"{what}: {actual.flat[worst]} where {expected.flat[worst]} is right; "
        f"error {error.flat[worst]:.3g}, allowed {bound.flat[worst]:.3g}"
    )


def _inside(sides, shape):
    cuts = (slice(a, n - b) for (a, b), n in zip(sides, shape[1:], strict=True))
    return (slice(None), *cuts)


def _conv(step):
    s = step.shape
    return {
        "strides": (s.sh, s.sw),
        "padding": ((s.pt, s.pb), (s.pl, s.pr)),
        "dilation": (s.dh, s.dw),
        "groups": s.groups,
    }


def _pool(step):
    s = step.shape
    return {
        "pool_size": (s.kh, s.kw),
        "strides": (s.sh, s.sw),
        "padding": ((s.pt, s.pb), (s.pl, s.pr)),
    }
