"""Models made by calling layers on symbolic tensors, against networks worked out by hand."""

import re

import numpy as np
import pytest

import fastconv
from fastconv import reference
from fastconv.layers import (
    Add,
    Average,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    Layer,
    Rescaling,
)
from fastconv.models import Model, Sequential, load_model
from fastconv.utils import set_random_seed

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(-1, 1, (4, 6, 6, 3)).astype(np.float32)
ROWS = RNG.uniform(-1, 1, (8, 5)).astype(np.float32)


def residual(seed=1):
    """conv + relu, and its sum with a convolution of it; two classes."""
    x = Input((6, 6, 3))
    y = Conv2D(4, 3, padding="same", activation="relu")(x)
    z = Add()([Conv2D(4, 3, padding="same")(y), y])
    return Model(x, Dense(2)(Flatten()(z)), seed=seed)


def close(actual, expected, scale=1.0):
    """Within float32's rounding of sums of at most a few hundred products of about `scale`."""
    np.testing.assert_allclose(actual, expected, rtol=0, atol=2e-5 * scale)


def test_a_residual_network_and_its_gradients():
    model = residual()
    w1, b1, w2, b2, w3, b3 = (w.astype(np.float64) for w in model.get_weights())
    x = IMAGES.astype(np.float64)
    y = reference.relu(reference.conv2d(x, w1, b1, padding="same"))
    z = reference.conv2d(y, w2, b2, padding="same") + y
    out = z.reshape(4, -1) @ w3 + b3
    close(model.predict(IMAGES), out)
    close(model(IMAGES), out)

    targets = RNG.uniform(-1, 1, (4, 2))
    model.compile("sgd", "mse")
    loss = model.train_on_batch(IMAGES, targets)
    assert loss == pytest.approx(((out - targets) ** 2).mean(), rel=1e-5)
    d_out = 2 * (out - targets) / out.size
    d_z = (d_out @ w3.T).reshape(z.shape)
    d_y, d_w2, d_b2 = reference.conv2d_backward(d_z, y, w2, padding="same")
    masked = (d_y + d_z) * (y > 0)
    _, d_w1, d_b1 = reference.conv2d_backward(masked, x, w1, padding="same")
    expected = [d_w1, d_b1, d_w2, d_b2, z.reshape(4, -1).T @ d_out, d_out.sum(axis=0)]
    for parameter, gradient in zip(model.weights, expected, strict=True):
        close(parameter.grad, gradient)


def test_shared_layers_have_one_set_of_weights_and_add_their_gradients():
    a, b = Input((5,), name="a"), Input((5,), name="b")
    shared = Dense(3, use_bias=False)
    model = Model([a, b], Add()([shared(a), shared(b)]), seed=1)
    assert [p.name for p in model.weights] == ["dense/kernel"]
    other = ROWS[::-1].copy()
    (w,) = model.get_weights()
    close(model.predict([ROWS, other]), (ROWS + other) @ w)
    np.testing.assert_array_equal(
        model.predict({"b": other, "a": ROWS}), model.predict([ROWS, other])
    )
    model.compile("sgd", "mse")
    y = np.ones((8, 3))
    d_out = 2 * ((ROWS + other) @ w - y) / y.size
    model.train_on_batch([ROWS, other], y)
    close(model.weights[0].grad, (ROWS + other).T @ d_out)


def two_by_two(seed=1):
    a, b = Input((5,), name="a"), Input((5,), name="b")
    y = Dense(4, activation="relu", name="left")(a)
    z = Dense(4, activation="relu", name="right")(b)
    total = Add()([y, z])
    outputs = [Dense(2, name="two")(total), Dense(3, activation="softmax", name="three")(total)]
    return Model([a, b], outputs, seed=seed)


def test_several_inputs_and_outputs_train():
    model = two_by_two()
    assert model.input_names == ["a", "b"]
    assert model.output_names == ["two", "three"]
    assert model.input_shape == [(None, 5), (None, 5)]
    assert model.output_shape == [(None, 2), (None, 3)]
    model.compile("sgd", {"two": "mse", "three": "sparse_categorical_crossentropy"})
    x = {"a": ROWS, "b": ROWS[::-1].copy()}
    y = {"two": np.ones((8, 2)), "three": np.arange(8) % 3}
    history = model.fit(x, y, epochs=30, batch_size=4, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    two, three = model.predict(x)
    assert two.shape == (8, 2)
    close(three.sum(axis=1), 1)


def test_dictionaries_of_inputs_and_outputs():
    a, b = Input((5,)), Input((5,))
    total = Add()([a, b])
    model = Model({"left": a, "right": b}, {"sum": total, "double": total + total})
    found = model.predict({"right": ROWS, "left": 2 * ROWS})
    assert list(found) == ["sum", "double"]
    np.testing.assert_array_equal(found["sum"], 2 * ROWS + ROWS)
    np.testing.assert_array_equal(found["double"], 2 * found["sum"])
    np.testing.assert_array_equal(model({"right": ROWS, "left": 2 * ROWS})["sum"], found["sum"])


def test_arithmetic():
    x, y = Input((5,)), Input((5,))
    model = Model([x, y], (x + y) / 4 - 1 + 2 * x + (3 - y) + -(x * 0.5))
    a, b = np.arange(10.0).reshape(2, 5), np.ones((2, 5))
    np.testing.assert_array_equal(
        model.predict([a, b]), (a + b) / 4 - 1 + 2 * a + (3 - b) - a * 0.5
    )


def test_average():
    x, y = Input((5,)), Input((5,))
    model = Model([x, y], Average()([x, y, y]))
    close(model.predict([ROWS, 2 * ROWS]), (ROWS + 4 * ROWS) / 3)


def test_models_within_models():
    block = Sequential([Dense(5, activation="relu"), Dropout(0.5), Dense(5)])
    inner_x = Input((5,))
    inner = Model(inner_x, [Dense(5)(inner_x), Dense(5)(inner_x)], name="pair")
    x = Input((5,))
    first, second = inner(block(x))
    model = Model(x, Add()([first, second, block(first)]), seed=1)
    assert [p.name for p in model.weights] == [
        "sequential/dense/kernel", "sequential/dense/bias",
        "sequential/dense_1/kernel", "sequential/dense_1/bias",
        "pair/dense/kernel", "pair/dense/bias", "pair/dense_1/kernel", "pair/dense_1/bias",
    ]  # fmt: skip
    w1, b1, w2, b2, w3, b3, w4, b4 = model.get_weights()

    def through_block(x):
        return np.maximum(x @ w1 + b1, 0) @ w2 + b2

    y = through_block(ROWS)
    one, two = y @ w3 + b3, y @ w4 + b4
    close(model.predict(ROWS), one + two + through_block(one))
    one_alone, two_alone = inner(ROWS)
    close(one_alone, ROWS @ w3 + b3)
    close(two_alone, ROWS @ w4 + b4)


def test_features_of_a_trained_model_share_its_weights():
    model = residual()
    model.compile("sgd", "mse")
    features = Model(model.input, model.get_layer("conv2d").output)
    assert features.output_shape == (None, 6, 6, 4)
    before = features.predict(IMAGES)
    model.train_on_batch(IMAGES, np.ones((4, 2)))
    w, b = model.get_weights()[:2]
    after = features.predict(IMAGES)
    close(after, reference.relu(reference.conv2d(IMAGES, w, b, padding="same")))
    assert not np.array_equal(before, after)


def test_features_of_a_chain():
    chain = Sequential([Input((5,)), Dense(4), Dense(3)], seed=1)
    features = Model(chain.input, chain.layers[0].output)
    w, b = chain.get_weights()[:2]
    close(features.predict(ROWS), ROWS @ w + b)
    assert chain.input_shape == (None, 5)
    assert chain.output_shape == (None, 3)


def test_branches_of_two_chains_keep_their_own_names():
    left = Sequential([Input((5,)), Dense(4)], seed=1)
    right = Sequential([Input((5,)), Dense(4)], seed=2)
    model = Model([left.input, right.input], Add()([left.output, right.output]))
    assert [layer.name for layer in left.layers + right.layers] == ["dense", "dense"]
    assert list(model.named_parameters()) == [
        "dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias",
    ]  # fmt: skip
    assert model.get_layer("dense_1") is right.layers[0]


def test_layers_come_in_keras_order():
    """Far from the output first: the short branch's layer stands behind the long one's first."""
    x = Input((5,))
    long = Dense(5, name="long_2")(Dense(5, name="long_1")(x))
    short = Dense(5, name="short")(x)
    model = Model(x, Add()([short, long]))
    names = [layer.name for layer in model.layers]
    assert names == ["input_layer", "long_1", "short", "long_2", "add"]


def test_the_seed_decides_everything():
    def weights(model):
        return np.concatenate([w.ravel() for w in model.get_weights()])

    np.testing.assert_array_equal(weights(residual(3)), weights(residual(3)))
    assert not np.array_equal(weights(residual(3)), weights(residual(4)))
    set_random_seed(5)
    first = weights(residual(None))
    set_random_seed(5)
    np.testing.assert_array_equal(weights(residual(None)), first)


def test_weights_are_there_as_soon_as_a_layer_was_called():
    layer = Dense(3)
    y = layer(Input((5,)))
    assert layer.kernel.shape == (5, 3)
    layer.set_weights([np.ones((5, 3)), np.zeros(3)])
    model = Model(y.call.inputs, y, seed=9)
    close(model.predict(ROWS), np.repeat(ROWS.sum(axis=1, keepdims=True), 3, axis=1))


def test_images_are_taken_as_they_are():
    x = Input((6, 6, 3))
    model = Model(x, Add()([Rescaling(1 / 255)(x), Conv2D(3, 1)(x)]), seed=1)
    pixels = RNG.integers(0, 256, (2, 6, 6, 3), np.uint8)
    np.testing.assert_array_equal(model.predict(pixels), model.predict(pixels.astype(np.float32)))


def test_a_part_in_inference_drops_nothing():
    base = Sequential([Input((5,)), Dropout(0.5)])
    x = Input((5,))
    model = Model(x, base(x, training=False))
    np.testing.assert_array_equal(model(ROWS, training=True), ROWS)
    assert (Model(x, base(x), seed=1)(ROWS, training=True) == 0).any()


class Told(Layer):
    """A user's layer in NumPy that shows what it was told."""

    uses_training = True

    def forward(self, x, training):
        return np.full_like(x, training)

    def backward(self, dy):
        return dy


def test_a_users_layer_is_told_of_inference_and_trains_nevertheless():
    x = Input((5,))
    model = Model(x, Add()([Told()(x), Told()(Dense(5)(x), training=False)]), seed=1)
    np.testing.assert_array_equal(model(ROWS, training=True), np.ones_like(ROWS))
    np.testing.assert_array_equal(model(ROWS), np.zeros_like(ROWS))
    model(ROWS, training=True)
    close(model.backward(ROWS) - ROWS, ROWS @ model.get_weights()[0].T)


def test_a_layer_that_keeps_its_input_stands_in_a_graph_once():
    layer, x = Told(), Input((5,))
    with pytest.raises(ValueError, match="keeps what its backward needs stands in a graph once"):
        Model(x, layer(layer(x)))(ROWS)
    with pytest.raises(ValueError, match="keeps what its backward needs stands in a graph once"):
        Model(x, layer(layer(x, training=False), training=False))(ROWS)


@pytest.mark.parametrize("frozen", ["before", "after"])
def test_frozen_parts_stay(frozen):
    base = Sequential([Dense(5, activation="relu"), Dense(5)])
    x = Input((5,))
    model = Model(x, Dense(2)(base(x)), seed=1)
    if frozen == "before":
        base.trainable = False
    model.compile("sgd", "mse")
    model.train_on_batch(ROWS, np.ones((8, 2)))
    base.trainable = False
    before = model.get_weights()
    model.fit(ROWS, np.ones((8, 2)), epochs=2, verbose=0)
    changed = [not np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True)]
    assert changed == [False] * 4 + [True] * 2
    assert [p.name for p in model.trainable_weights] == ["dense/kernel", "dense/bias"]
    base.trainable = True
    model.fit(ROWS, np.ones((8, 2)), verbose=0)
    assert not np.array_equal(model.get_weights()[0], before[0])


class Spread(Layer):
    """A layer of several inputs and outputs made of primitive steps."""

    several_inputs = True

    def emit(self, graph, xs):
        return [graph.affine(xs[0], 2.0, 0.0), graph.add(xs[0], xs[1])]

    def compute_output_shape(self, shapes):
        return [shapes[0], shapes[1]]


def models():
    x = Input((5,))
    y, z = Spread()([x, Dense(5)(x)])
    yield "several outputs of a layer", Model(x, {"y": y, "z": z}, seed=1), ROWS
    yield "residual", residual(), IMAGES
    yield "two by two", two_by_two(), [ROWS, 2 * ROWS]
    block = Sequential([Dense(5), Dropout(0.5)])
    x = Input((5,), dtype="float32")
    yield "nested", Model(x, block(block(x, training=False)), seed=1), ROWS


@pytest.mark.parametrize(("model", "x"), [m[1:] for m in models()], ids=[m[0] for m in models()])
def test_everything_comes_back_from_a_file(tmp_path, model, x):
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model", custom_objects={"Spread": Spread})
    assert again.get_config() == model.get_config()
    assert list(again.named_parameters()) == list(model.named_parameters())
    expected, found = model.predict(x), again.predict(x)
    for a, b in zip(_flat(expected), _flat(found), strict=True):
        np.testing.assert_array_equal(a, b)


def _flat(found):
    return (
        found.values() if isinstance(found, dict) else found if isinstance(found, list) else [found]
    )


def test_a_resumed_run_ends_in_the_same_bits(tmp_path):
    def network():
        x = Input((5,))
        y = Dropout(0.5)(Dense(5, activation="relu")(x))
        model = Model(x, Dense(2)(Add()([x, y])), seed=1)
        model.compile("adam", "mse")
        return model

    whole, half = network(), network()
    whole.fit(ROWS, ROWS[:, :2], epochs=4, batch_size=4, verbose=0)
    half.fit(ROWS, ROWS[:, :2], epochs=2, batch_size=4, verbose=0)
    half.save(tmp_path / "half")
    again = load_model(tmp_path / "half")
    again.fit(ROWS, ROWS[:, :2], epochs=4, batch_size=4, verbose=0, initial_epoch=again.epoch)
    for a, b in zip(again.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_part_of_a_model_has_files_of_its_own(tmp_path):
    """A model within a model is saved under its own names, whatever surrounds it."""
    inner = Sequential([Input((5,)), Dense(5)], seed=1)
    inner.save_weights(tmp_path / "before")
    x = Input((5,))
    Model(x, inner(x))
    inner.load_weights(tmp_path / "before")
    inner.save(tmp_path / "after")
    np.testing.assert_array_equal(load_model(tmp_path / "after").predict(ROWS), inner.predict(ROWS))


def test_summary(capsys):
    residual().summary()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == 'Model: "functional"'
    assert [cell.strip() for cell in lines[2].split("┃")[1:-1]] == [
        "Layer (type)", "Output Shape", "Param #", "Connected to",
    ]  # fmt: skip
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if "│" in line]
    assert rows == [
        ["input_layer (InputLayer)", "(None, 6, 6, 3)", "0", "-"],
        ["conv2d (Conv2D)", "(None, 6, 6, 4)", "112", "input_layer[0][0]"],
        ["conv2d_1 (Conv2D)", "(None, 6, 6, 4)", "148", "conv2d[0][0]"],
        ["add (Add)", "(None, 6, 6, 4)", "0", "conv2d_1[0][0], conv2d[0][0]"],
        ["flatten (Flatten)", "(None, 144)", "0", "add[0][0]"],
        ["dense (Dense)", "(None, 2)", "290", "flatten[0][0]"],
    ]
    assert lines[-3] == " Total params: 550 (2.15 KB)"


def test_a_chain_of_calls_is_shown_as_a_chain():
    x = Input((5,))
    shown = []
    model = Model(x, Dense(3)(x))
    model.layers[1].trainable = False
    model.summary(print_fn=shown.append, show_trainable=True)
    assert "Connected" not in shown[0]
    assert "│ dense (Dense)            │ (None, 3)    │      18 │ N     │" in shown[0]


def test_model_is_reached_from_the_top():
    assert fastconv.Model is Model
    assert isinstance(residual(), Model)
    assert type(residual()).__name__ == "Functional"


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


def test_a_part_in_inference_keeps_its_moving_averages():
    base = Sequential([Input((5,)), BatchNormalization(epsilon=3)])
    x = Input((5,))
    model = Model(x, base(x, training=False))
    before = model.get_weights()
    np.testing.assert_allclose(model(ROWS, training=True), ROWS / 2, rtol=1e-6)
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    assert not np.allclose(Model(x, base(x))(ROWS, training=True), ROWS / 2, rtol=1e-2)
