"""Batches from generators and other iterables: the same steps as from arrays, no thread left."""

import threading

import numpy as np
import pytest

from fastconv.callbacks import Callback
from fastconv.layers import Dense, Input
from fastconv.models import Sequential
from fastconv.models.data.prefetch import Prefetch

RNG = np.random.default_rng(0)
X = RNG.standard_normal((22, 4)).astype(np.float32)
Y = RNG.integers(0, 3, 22)
WEIGHTS = RNG.random(22).astype(np.float32)
BATCHES = [(X[i : i + 8], Y[i : i + 8]) for i in (0, 8, 16)]


def network():
    model = Sequential([Input((4,)), Dense(3, activation="softmax")], seed=1)
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    return model


@pytest.fixture(autouse=True)
def _every_thread_is_joined():
    yield
    assert [t.name for t in threading.enumerate() if "prefetch" in t.name] == []


class Indexed:
    """Keras's Sequence."""

    ends = 0

    def __len__(self):
        return len(BATCHES)

    def __getitem__(self, index):
        return BATCHES[index]

    def on_epoch_end(self):
        self.ends += 1


class Loader:
    """Can be iterated again; yields lists, as PyTorch's does."""

    def __iter__(self):
        return (list(batch) for batch in BATCHES)


def endless():
    while True:
        yield from BATCHES


def assert_same_model(a, b):
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("make", "how"),
    [
        (lambda: BATCHES, {}),
        (Indexed, {}),
        (Loader, {}),
        (endless, {"steps_per_epoch": 3}),
        (Loader, {"steps_per_epoch": 3}),
        (lambda: iter(BATCHES * 2), {"steps_per_epoch": 3}),
    ],
)
def test_batches_train_as_arrays_do(make, how):
    wanted, model = network(), network()
    a = wanted.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    b = model.fit(make(), epochs=2, verbose=0, **how)
    assert a.history == b.history
    assert_same_model(wanted, model)


def test_a_stream_is_read_no_further_than_the_steps():
    left = iter(range(100))
    stream = (BATCHES[i % 3] for i in left)
    network().fit(stream, epochs=2, steps_per_epoch=2, verbose=0)
    assert next(left) == 4


def test_steps_cut_an_epoch_short_and_the_next_goes_on():
    model, wanted = network(), network()
    model.fit(Loader(), epochs=3, steps_per_epoch=2, verbose=0)
    wanted.fit([*BATCHES, *BATCHES], verbose=0)
    assert_same_model(model, wanted)
    again = network()
    again.fit(X, Y, batch_size=8, epochs=3, steps_per_epoch=2, shuffle=False, verbose=0)
    assert_same_model(again, wanted)


def test_an_epoch_may_be_more_than_a_pass_over_the_arrays():
    model = network()
    model.fit(X, Y, batch_size=8, steps_per_epoch=5, verbose=0)
    assert model.optimizer.iterations == 5
    once = network()
    once.fit(X, Y, batch_size=8, steps_per_epoch=3, verbose=0)
    plain = network()
    plain.fit(X, Y, batch_size=8, verbose=0)
    assert_same_model(once, plain)


def test_validation_and_evaluation_and_prediction():
    model, wanted = network(), network()
    a = wanted.fit(X, Y, validation_data=(X, Y), validation_batch_size=8, epochs=2, verbose=0)
    b = model.fit(X, Y, validation_data=Loader(), epochs=2, verbose=0)
    assert a.history == b.history
    assert model.evaluate(Indexed(), verbose=0) == model.evaluate(X, Y, batch_size=8, verbose=0)
    first = model.evaluate(X[:16], Y[:16], batch_size=8, verbose=0)
    assert model.evaluate(endless(), steps=2, verbose=0) == first
    assert model.evaluate(X, Y, batch_size=8, steps=2, verbose=0) == first
    held = model.fit(X, Y, validation_data=Loader(), validation_steps=2, verbose=0, initial_epoch=2,
                     epochs=4)  # fmt: skip
    assert held.history["val_loss"][-1] == model.evaluate(X[:16], Y[:16], 8, verbose=0)[0]
    np.testing.assert_array_equal(model.predict(Loader()), model.predict(X, batch_size=8))
    np.testing.assert_array_equal(
        model.predict((x for x, _ in BATCHES), steps=2), model.predict(X[:16], batch_size=8)
    )


def test_validation_frequency():
    model = network()
    seen = []

    class Count(Callback):
        def on_test_begin(self, logs=None):
            seen.append(len(self.model.history.epoch) + 1)

    for freq, epochs in ((2, [2, 4]), ([1, 4], [1, 4])):
        seen.clear()
        model.fit(X, Y, epochs=5, validation_split=0.3, validation_freq=freq, verbose=0,
                  callbacks=[Count()])  # fmt: skip
        assert seen == epochs


def test_weights_of_samples_and_classes():
    """A sample's weight multiplies its loss; that of its class comes on top."""
    wanted, given, classes = network(), network(), network()
    table = np.array([0.5, 2, 1], np.float32)
    wanted.fit(X, Y, sample_weight=WEIGHTS * table[Y], shuffle=False, verbose=0)
    given.fit([(X, Y, WEIGHTS)], class_weight={0: 0.5, 1: 2}, verbose=0)
    classes.fit(X, Y, sample_weight=WEIGHTS[:, None], class_weight={0: 0.5, 1: 2.0}, verbose=0,
                shuffle=False)  # fmt: skip
    assert_same_model(wanted, given)
    assert_same_model(wanted, classes)
    model = network()
    chances = model.predict(X)[np.arange(22), Y].astype(float)
    loss = model.evaluate(X, Y, sample_weight=WEIGHTS, verbose=0)[0]
    assert loss == pytest.approx((WEIGHTS * -np.log(chances)).mean(), rel=1e-5)
    assert model.test_on_batch(X, Y, WEIGHTS)[0] == pytest.approx(loss, rel=1e-6)
    model.train_on_batch(X, Y, WEIGHTS, {0: 0.5, 1: 2})
    assert_same_model(model, wanted)


def test_weighted_metrics():
    model = network()
    model.compile("sgd", "sparse_categorical_crossentropy", ["acc"], weighted_metrics=["accuracy"])
    right = model.predict(X).argmax(axis=1) == Y
    found = model.evaluate(X, Y, sample_weight=WEIGHTS, verbose=0, return_dict=True)
    assert found["acc"] == right.mean()
    assert found["accuracy"] == pytest.approx((right * WEIGHTS).sum() / WEIGHTS.sum(), rel=1e-6)


def test_validation_takes_weights():
    model = network()
    history = model.fit(X, Y, validation_data=(X, Y, WEIGHTS), verbose=0)
    wanted = model.evaluate(X, Y, sample_weight=WEIGHTS, verbose=0)[0]
    assert history.history["val_loss"] == [wanted]


def test_an_error_in_the_stream_comes_out_of_fit():
    def broken():
        yield BATCHES[0]
        raise OSError("the disk is gone")

    model = network()
    with pytest.raises(OSError, match="the disk is gone"):
        model.fit(broken(), verbose=0)
    assert model.optimizer.iterations == 1


def test_ctrl_c_leaves_no_thread():
    class Interrupt(Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    for how in ({}, {"steps_per_epoch": 3}):
        with pytest.raises(KeyboardInterrupt):
            network().fit(Loader(), epochs=2, callbacks=[Interrupt()], verbose=0, **how)


def test_too_few_batches_end_the_training():
    model = network()
    with pytest.warns(RuntimeWarning, match="the batches ended after 1 of 2 steps"):
        history = model.fit(iter(BATCHES), epochs=4, steps_per_epoch=2, verbose=0)
    assert history.epoch == [0, 1]
    assert model.optimizer.iterations == 3


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: m.fit(iter(BATCHES), epochs=2), ValueError, "an iterator can be walked only on"),
        (lambda m: m.fit(iter([])), ValueError, "must give at least one batch; received none"),
        (lambda m: m.fit(Loader(), Y), ValueError, "y comes with the batches"),
        (lambda m: m.fit(iter([X])), ValueError, r"a batch must be \(x, y\) or .*an array \(22, 4"),
        (lambda m: m.fit(Loader(), validation_split=0.5), ValueError, "validation_split needs arr"),
        (lambda m: m.fit(iter([(X[:, :2], Y)])), ValueError, r"received \(22, 2\)"),
        (lambda m: m.fit(X, Y, sample_weight=WEIGHTS[1:]), ValueError, "each of the 22 samples"),
        (lambda m: m.fit(X, Y, class_weight=[1, 2]), TypeError, "class_weight must be a dict"),
        (lambda m: m.fit(X, Y, steps_per_epoch=0), ValueError, "steps_per_epoch must be at least"),
        (lambda m: m.fit(X, Y, validation_freq="x"), TypeError, "validation_freq must be a whole"),
    ],
)
def test_errors(call, error, message):
    model = network()
    with pytest.raises(error, match=message):
        call(model)
    assert model.optimizer.iterations == 0


def test_prefetch_stays_close_to_its_reader():
    taken = []
    with Prefetch((taken.append(i) or i for i in range(100)), depth=3) as items:
        assert next(items) == 0
        assert [next(items) for _ in range(4)] == [1, 2, 3, 4]
        assert len(taken) <= 5 + 3
