"""A layer that is trained for the first epochs only."""

import itertools

import numpy as np
import pytest

from fastconv import Sequential, layers
from fastconv.callbacks import Freeze, LambdaCallback
from fastconv.models import load_model


def network():
    stack = [layers.Dense(4, name="first", input_shape=(3,)), layers.Dense(2)]
    model = Sequential(stack, seed=21)
    model.compile("adam", "mse")
    return model


X = np.random.default_rng(1).standard_normal((12, 3)).astype(np.float32)
Y = np.ones((12, 2), np.float32)


def test_weights_stay_from_that_epoch_on():
    model, seen = network(), []
    watch = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(model.get_weights()))
    model.fit(X, Y, epochs=4, verbose=0, callbacks=[Freeze("first", 2), watch])
    same = [np.array_equal(a[0], b[0]) for a, b in itertools.pairwise(seen)]
    assert same == [False, True, True]
    assert not any(np.array_equal(a[2], b[2]) for a, b in itertools.pairwise(seen))


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_a_run_in_two_parts(tmp_path, stop):
    whole, part = network(), network()
    whole.fit(X, Y, epochs=4, verbose=0, callbacks=[Freeze("first", 2)], batch_size=5)
    part.fit(X, Y, epochs=stop, verbose=0, callbacks=[Freeze("first", 2)], batch_size=5)
    part.save(tmp_path / "part.safetensors")
    again = load_model(tmp_path / "part.safetensors")
    again.fit(
        X, Y, epochs=4, initial_epoch=stop, verbose=0, callbacks=[Freeze("first", 2)], batch_size=5
    )
    for a, b in zip(whole.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_errors():
    with pytest.raises(TypeError, match="a layer's name; received 3"):
        Freeze(3, 1)
    with pytest.raises(ValueError, match="at least 0; received -1"):
        Freeze("first", -1)
    with pytest.raises(ValueError, match="second"):
        network().fit(X, Y, verbose=0, callbacks=[Freeze("second", 1)])
