"""Graphs of layers as files: saved, loaded, and gone on with."""

import numpy as np
import pytest
from small_graphs import IMAGES, ROWS, residual, two_by_two

from fastconv.layers import Add, Dense, Dropout, Input, Layer
from fastconv.models import Model, Sequential, load_model


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
