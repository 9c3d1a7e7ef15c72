"""Files that name classes and functions of the caller's own, of every kind."""

import numpy as np
import pytest

from fastconv import initializers, layers, losses, metrics, optimizers, regularizers
from fastconv.layers import Dense, Input
from fastconv.models import Sequential, load_model
from fastconv.optimizers import schedules
from fastconv.utils import custom_object_scope, register_keras_serializable

X = np.random.default_rng(0).random((8, 3), np.float32)


class Halves(initializers.Initializer):
    def __call__(self, shape, seed=None):
        return np.full(shape, 0.5)


class Quartic(losses.MeanSquaredError):
    pass


class Mine(metrics.MeanMetric):
    def __init__(self, name="mine", **unknown):
        super().__init__(name, **unknown)

    def values(self, y_true, y_pred):
        return np.abs(y_true - y_pred).mean(axis=-1)


class Slow(optimizers.SGD):
    pass


class Root(schedules.LearningRateSchedule):
    """As Keras's documentation writes one: `__call__`, and no call of the base's constructor."""

    def __init__(self, start):
        self.start = start

    def __call__(self, step):
        return self.start / np.sqrt(step + 1)

    def get_config(self):
        return {"start": self.start}


class Soft(regularizers.L2):
    pass


class Twice(layers.Layer):
    def emit(self, graph, x):
        return graph.affine(x, 2.0, 0.0)


def cubed(y_true, y_pred):
    error = np.abs(y_pred - y_true)
    return (error**3).sum(axis=-1), 3 * error**2 * np.sign(y_pred - y_true)


OWN = {thing.__name__: thing for thing in (Halves, Quartic, Mine, Slow, Root, Soft, Twice, cubed)}


def network(loss):
    dense = Dense(1, kernel_initializer=Halves(), kernel_regularizer=Soft(0.1))
    model = Sequential([Input((3,)), Twice(), dense], seed=1)
    model.compile(Slow(Root(0.1), momentum=0.5), loss, [Mine()], weighted_metrics=[Mine("other")])
    model.fit(X, X[:, :1], epochs=2, batch_size=4, verbose=0)
    return model


@pytest.mark.parametrize("loss", [Quartic(), cubed], ids=["class", "function"])
def test_everything_of_ones_own_comes_back(tmp_path, loss):
    model = network(loss)
    model.save(tmp_path / "model")
    with pytest.raises(ValueError, match="the configuration in the file is not valid"):
        load_model(tmp_path / "model")
    again = load_model(tmp_path / "model", custom_objects=OWN)
    assert type(again.optimizer) is Slow
    assert again.optimizer.learning_rate == model.optimizer.learning_rate == 0.1 / np.sqrt(5)
    assert [type(metric) for metric in again.metrics] == [Mine, Mine]
    dense = again.layers[1]
    assert (type(dense.kernel_initializer), type(dense.kernel_regularizer)) == (Halves, Soft)
    for either in (model, again):
        either.fit(X, X[:, :1], epochs=3, initial_epoch=2, batch_size=4, verbose=0)
    assert again.history.history == model.history.history
    for a, b in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_in_a_scope_and_registered(tmp_path):
    network(Quartic()).save(tmp_path / "model")
    with custom_object_scope(OWN):
        assert type(load_model(tmp_path / "model").optimizer) is Slow

    @register_keras_serializable(package="tests")
    class Thrice(layers.Layer):
        def emit(self, graph, x):
            return graph.affine(x, 3.0, 0.0)

    Sequential([Input((3,)), Thrice()]).save(tmp_path / "model")
    np.testing.assert_array_equal(load_model(tmp_path / "model").predict(X), 3 * X)


def test_without_what_compile_was_told(tmp_path):
    model = network(Quartic())
    model.save(tmp_path / "model")
    kinds = {name: OWN[name] for name in ("Halves", "Soft", "Twice")}
    again = load_model(tmp_path / "model", custom_objects=kinds, compile=False)
    assert again.compiled is None
    assert again.history.history == model.history.history
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_errors(tmp_path):
    Sequential([Input((3,)), Dense(1)]).save(tmp_path / "model")
    with pytest.raises(TypeError, match=r"received 'complie' \(did you mean 'compile'\?\)"):
        load_model(tmp_path / "model", complie=False)
    with pytest.raises(TypeError, match="custom_objects: must be a dict"):
        load_model(tmp_path / "model", custom_objects=[Twice])
    with pytest.raises(TypeError, match="package must be a text; received <class"):
        register_keras_serializable(Twice)
