"""Data that is read batch by batch, by index."""

import numpy as np
import pytest

from fastconv.layers import Dense, Input
from fastconv.models import Sequential
from fastconv.utils import PyDataset, Sequence

X = np.random.default_rng(0).random((12, 3), np.float32)
Y = X.sum(axis=1, keepdims=True)


class Parts(PyDataset):
    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.size, self.walks = size, 0

    def __len__(self):
        return len(X) // self.size

    def __getitem__(self, index):
        part = slice(index * self.size, (index + 1) * self.size)
        return X[part], Y[part]

    def on_epoch_end(self):
        self.walks += 1


def network():
    model = Sequential([Input((3,)), Dense(1)], seed=1)
    model.compile("adam", "mse")
    return model


def test_it_trains_as_the_arrays_do():
    by_number, by_arrays = network(), network()
    parts = Parts(4, workers=2, use_multiprocessing=True)
    seen = by_number.fit(parts, epochs=3, validation_data=Parts(3), verbose=0).history
    known = by_arrays.fit(
        X, Y, batch_size=4, epochs=3, shuffle=False, validation_data=(X, Y), verbose=0
    ).history
    assert parts.walks == 3
    np.testing.assert_allclose(seen["loss"], known["loss"], rtol=1e-6)
    np.testing.assert_allclose(seen["val_loss"], known["val_loss"], rtol=1e-6)
    np.testing.assert_array_equal(by_number.predict(Parts(6)), by_number.predict(X))
    assert issubclass(Parts, Sequence)


def test_what_a_subclass_forgets():
    class Empty(PyDataset):
        pass

    with pytest.raises(TypeError, match=r"abstract class Empty .*__getitem__.*__len__"):
        Empty()
    with pytest.raises(TypeError, match=r"received 'worker' \(did you mean 'workers'\?\)"):
        Parts(4, worker=2)
