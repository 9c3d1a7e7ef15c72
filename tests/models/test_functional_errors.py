"""Invalid graphs of layers: errors state the rule, and what was received."""

import re

import numpy as np
import pytest
from small_graphs import ROWS, residual, two_by_two

from fastconv.layers import Add, Conv2D, Dense, Input
from fastconv.models import Model


def shared_by_two_widths():
    layer = Dense(3)
    return layer(Input((5,))), layer(Input((4,)))


def disconnected():
    a, b = Input((5,), name="a"), Input((5,), name="b")
    Model(a, Add()([a, b]))


def called_twice():
    layer = Dense(5)
    layer(layer(Input((5,))))
    return layer.output


BAD = [
    (disconnected, ValueError, "the graph is disconnected: the output of 'add' depends on the "
     "input 'b'; received the inputs 'a'"),
    (lambda: Model(), TypeError, "Model: inputs must be a symbolic tensor, or a list"),
    (lambda: Model(Input((5,)), np.ones(3)), TypeError, "Model: outputs must be a symbolic tensor"),
    (lambda: Model(Dense(3)(Input((5,))), Dense(3)(Input((5,)))), ValueError,
     "Model: the inputs come from Input; received the output of 'dense'"),
    (lambda: Model(Input((5,)), Input((5,)), sead=1), TypeError,
     "received 'sead' (did you mean 'seed'?)"),
    (lambda: Conv2D(4, 7, name="wide")(Input((6, 6, 3))), ValueError, "wide: "),
    (lambda: Conv2D(4, 3)(Input((6, 6))), ValueError,
     "conv2d: x must have the axes (batch, height, width, channels); received (None, 6, 6)"),
    (lambda: Add()([Input((5,)), Input((4,))]), ValueError,
     "add: all inputs must have one shape; received (None, 5), (None, 4)"),
    (lambda: Add()([Input((5,))]), ValueError, "add: takes a list of at least two; received 1"),
    (lambda: Add()(Input((5,))), ValueError, "add: takes a list of at least two; received 1"),
    (lambda: Dense(3)([Input((5,)), Input((5,))]), ValueError,
     "dense: takes one tensor; received a list of 2"),
    (lambda: Add()([Input((5,)), ROWS]), TypeError, "add: either all inputs are symbolic"),
    (shared_by_two_widths, ValueError, "dense: a shared layer has one set of weights, made for x "
     "(None, 5); received (None, 4)"),
    (lambda: Dense(3).get_weights(), ValueError, "dense: get_weights needs a layer that is built"),
    (lambda: Dense(3).set_weights([]), ValueError, "dense: set_weights needs a layer that is bu"),
    (lambda: Dense(3).count_params(), ValueError, "dense: count_params needs a layer that is bu"),
    (lambda: Dense(3).kernel, AttributeError, "'kernel': it is made when the layer is built"),
    (lambda: Dense(3).output, ValueError, "dense: output belongs to a layer that is called on "
     "symbolic tensors once; received no calls"),
    (called_twice, ValueError, "received 2 calls"),
    (lambda: two_by_two().predict({"a": ROWS, "c": ROWS}), ValueError, "'c'"),
    (lambda: two_by_two().predict([ROWS]), ValueError, "predict: x must be a list of 2"),
    (lambda: two_by_two()({"a": ROWS, "bb": ROWS}), ValueError,
     "functional: the input has the names a, b; received 'bb' (did you mean 'b'?)"),
    (lambda: two_by_two()(ROWS), ValueError, "functional: the input must be a list of 2 (a, b)"),
    (lambda: two_by_two().sample_shape, ValueError, "a model with one input; received a model wi"),
    (lambda: residual()(Input((5, 6, 3))), ValueError,
     "functional: the model's input 'input_layer' has the shape (None, 6, 6, 3); received ("),
    (lambda: residual().get_layer("conv2"), ValueError, "(did you mean 'conv2d'?)"),
    (lambda: residual().get_layer(index=9), ValueError, "index must be below the number of layers"),
    (lambda: np.asarray(Input((5,))), TypeError, "a symbolic tensor has no values yet"),
    (lambda: bool(Input((5,))), TypeError, "neither true nor false"),
    (lambda: Input((5,)) / Input((5,)), TypeError, "unsupported operand"),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "error", "message"), BAD, ids=[m for _, _, m in BAD])
def test_errors(bad, error, message):
    with pytest.raises(error, match=re.escape(message)):
        bad()
