"""Models made again from their configurations; weights that fit in part."""

import json

import numpy as np
import pytest

from fastconv.layers import Add, Dense, Dropout, Input, Layer
from fastconv.models import Model, Sequential, clone_model, model_from_json, save_model

X = np.random.default_rng(0).random((8, 3), np.float32)


class Twice(Layer):
    def emit(self, graph, x):
        return graph.affine(x, 2.0, 0.0)


def network(classes=2):
    block = Sequential([Twice(), Dense(3)], name="block")
    x = Input((3,))
    y = Add()([x, Dropout(0.5)(block(x))])
    return Model(x, Dense(classes, name="head")(y), seed=1)


def test_a_clone_has_weights_of_its_own():
    model = network()
    start = model.get_weights()
    model.compile("sgd", "mse")
    model.fit(X, X[:, :2], verbose=0)
    clone = clone_model(model)
    assert clone.compiled is None
    assert clone.get_config() == model.get_config()
    for now, then in zip(clone.get_weights(), start, strict=True):
        np.testing.assert_array_equal(now, then)
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(clone.predict(X), model.predict(X))
    with pytest.raises(TypeError, match="clone_model: takes a model; received 'model'"):
        clone_model("model")


def test_a_model_as_text():
    model = network()
    text = model.to_json(indent=2)
    assert json.loads(text)["class"] == "Functional"
    with pytest.raises(ValueError, match=r"unknown class 'Twice'.*passed in custom_objects"):
        model_from_json(text)
    again = model_from_json(text, {"Twice": Twice})
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    with pytest.raises(ValueError, match="the text must be JSON"):
        model_from_json("no model")
    with pytest.raises(ValueError, match="the outermost class must be a model"):
        model_from_json(json.dumps({"class": "Dense", "config": {"units": 2}}))


def test_weights_that_fit_in_part(tmp_path):
    path = tmp_path / "weights"
    network(2).save_weights(path)
    other = network(5)
    other.set_weights([weight + 1 for weight in other.get_weights()])
    before = other.get_weights()
    with pytest.raises(ValueError, match="tensor head/kernel must be of shape"):
        other.load_weights(path)
    with pytest.warns(RuntimeWarning, match="head/kernel, head/bias; they stay as they are"):
        other.load_weights(path, skip_mismatch=True)
    for now, then in zip(other.get_weights()[:2], network(2).get_weights(), strict=False):
        np.testing.assert_array_equal(now, then)
    for now, then in zip(other.get_weights()[2:], before[2:], strict=True):
        np.testing.assert_array_equal(now, then)
    stranger = Sequential([Input((3,)), Dense(7, name="else")])
    with pytest.raises(ValueError, match="must have tensors of this model; received none"):
        stranger.load_weights(path, skip_mismatch=True)


def test_an_older_file_may_be_protected(tmp_path):
    model, path = network(), tmp_path / "model"
    save_model(model, path, overwrite=False)
    written = path.read_bytes()
    model.set_weights([weight + 1 for weight in model.get_weights()])
    for save in (model.save, model.save_weights):
        with pytest.raises(FileExistsError, match="there must be no such file yet; received"):
            save(path, overwrite=False)
        assert path.read_bytes() == written
        with pytest.raises(TypeError, match=r"received 'overwrit' \(did you mean 'overwrite'\?\)"):
            save(path, overwrit=False)
    model.save(path)
    assert path.read_bytes() != written
