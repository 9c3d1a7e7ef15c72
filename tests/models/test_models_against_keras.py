"""The same programs for Keras 3 and for fastconv: layers, weights, outputs, losses and steps agree.

Keras runs on PyTorch; both carry the same weights.
"""

import numpy as np
import pytest

import fastconv

pytestmark = pytest.mark.peers

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(-1, 1, (4, 8, 8, 3)).astype(np.float32)
ROWS = RNG.uniform(-1, 1, (4, 6)).astype(np.float32)


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras", reason="needs the extra [peers]")


def residual(k):
    x = k.Input((8, 8, 3))
    y = k.layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    z = k.layers.Conv2D(4, 3, padding="same")(y)
    y = k.layers.Activation("relu")(k.layers.add([y, z]))
    short = k.layers.Conv2D(4, 1, strides=2)(y)
    y = k.layers.concatenate([k.layers.MaxPooling2D()(y), short, k.layers.AveragePooling2D(2)(y)])
    return k.Model(x, k.layers.Dense(3)(k.layers.Flatten()(y))), IMAGES, [(4, 3)]


def shared(k):
    a, b = k.Input((6,), name="a"), k.Input((6,), name="b")
    tower = k.Sequential([k.layers.Dense(5, activation="relu"), k.layers.Dense(5)])
    y, z = tower(a), tower(b)
    parts = [
        k.layers.Subtract()([y, z]),
        k.layers.Multiply()([y, z]),
        k.layers.Maximum()([y, z]),
        k.layers.Minimum()([y, z]),
        k.layers.Average()([y, z]),
        k.layers.Add()([y, z, y]),
    ]
    model = k.Model([a, b], k.layers.Dense(2)(k.layers.Concatenate()(parts)))
    return model, [ROWS, ROWS[::-1].copy()], [(4, 2)]


def branches(k):
    """Branches of different lengths, two outputs, a model of two outputs within."""
    inner_x = k.Input((5,))
    inner = k.Model(inner_x, [k.layers.Dense(4)(inner_x), k.layers.Dense(4)(inner_x)])
    x = k.Input((6,))
    long = k.layers.Dense(5, activation="relu")(k.layers.Dense(7, activation="relu")(x))
    y, z = inner(long)
    short = k.layers.Dense(4)(x)
    total = k.layers.Add()([short, y])
    return k.Model(x, [k.layers.Dense(2)(total), k.layers.Dense(3)(z)]), ROWS, [(4, 2), (4, 3)]


def chain(k):
    model = k.Sequential([k.Input((8, 8, 3)), k.layers.Conv2D(4, 3), k.layers.MaxPooling2D()])
    model.add(k.layers.Flatten())
    model.add(k.layers.Dense(2))
    return model, IMAGES, [(4, 2)]


def flat(found):
    return [np.asarray(part) for part in (found if isinstance(found, list) else [found])]


@pytest.mark.parametrize("program", [residual, shared, branches, chain])
def test_programs_agree(keras, program):
    ours, x, shapes = program(fastconv)
    theirs, _, _ = program(keras)
    assert [type(layer).__name__ for layer in ours.layers] == [
        type(layer).__name__ for layer in theirs.layers
    ]
    weights = ours.get_weights()
    assert [w.shape for w in weights] == [w.shape for w in theirs.get_weights()]
    theirs.set_weights(weights)
    assert ours.count_params() == theirs.count_params()
    for a, b in ((ours.input_shape, theirs.input_shape), (ours.output_shape, theirs.output_shape)):
        assert (a if isinstance(a, list) else [a]) == (b if isinstance(b, list) else [b])
    # Sums of at most a few hundred products of about one, in float32 on both sides.
    for a, b in zip(flat(ours.predict(x)), flat(theirs.predict(x, verbose=0)), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=2e-5)
    targets = [RNG.uniform(-1, 1, shape).astype(np.float32) for shape in shapes]
    y = targets if len(targets) > 1 else targets[0]
    for k, model in ((fastconv, ours), (keras, theirs)):
        model.compile(k.optimizers.SGD(0.1), ["mse"] * len(targets))
    first = [np.ravel(model.train_on_batch(x, y))[0] for model in (ours, theirs)]
    assert first[0] == pytest.approx(first[1], rel=1e-5)
    for now, then, before in zip(ours.get_weights(), theirs.get_weights(), weights, strict=True):
        assert not np.array_equal(now, before)
        np.testing.assert_allclose(now, then, rtol=0, atol=1e-5)
