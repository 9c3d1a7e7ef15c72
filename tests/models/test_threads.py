"""One model used by several threads at once."""

import copy
import pickle
import threading
import time

import numpy as np
import pytest

from fastconv import Input, Sequential
from fastconv.callbacks import LambdaCallback
from fastconv.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten
from fastconv.models import load_model
from fastconv.utils.locks import SharedLock

CALLS = 25


def network(seed=3):
    model = Sequential(
        [
            Input((12, 12, 3)),
            Conv2D(16, 3, padding="same", activation="relu"),
            BatchNormalization(),
            Conv2D(16, 3, padding="same", activation="relu"),
            Dropout(0.25),
            Flatten(),
            Dense(5, activation="softmax"),
        ],
        seed=seed,
    )
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    return model


def samples(n, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(size=(n, 12, 12, 3)).astype(np.float32), random.integers(0, 5, n)


def together(*tasks):
    """Run the tasks at the same time; raise what one of them raised."""
    start, errors = threading.Barrier(len(tasks)), []

    def run(task):
        start.wait()
        try:
            task()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    if errors:
        raise errors[0]


@pytest.mark.parametrize("threads", [2, 5])
def test_predictions_side_by_side(threads):
    model = network()
    given = [samples(7 + k, seed=k)[0] for k in range(threads)]
    expected = [model.predict(x, batch_size=4, verbose=0) for x in given]
    found = [[] for _ in given]

    def task(k):
        for _ in range(CALLS):
            found[k].append(model.predict(given[k], batch_size=4, verbose=0))

    together(*(lambda k=k: task(k) for k in range(threads)))
    for results, right in zip(found, expected, strict=True):
        assert len(results) == CALLS
        assert all((result == right).all() for result in results)


def test_a_model_is_built_once():
    x = samples(4)[0]
    right = Sequential([Conv2D(4, 3), Flatten(), Dense(2)], seed=5).predict(x, verbose=0)
    model = Sequential([Conv2D(4, 3), Flatten(), Dense(2)], seed=5)
    found = []
    together(*[lambda: found.append(model.predict(x, verbose=0))] * 4)
    assert len(found) == 4
    assert all((result == right).all() for result in found)


def test_evaluations_side_by_side():
    model = network()
    given = [samples(9 + k, seed=k) for k in range(3)]
    expected = [model.evaluate(x, y, batch_size=4, verbose=0) for x, y in given]
    found = [[] for _ in given]

    def task(k):
        for _ in range(CALLS):
            found[k].append(model.evaluate(*given[k], batch_size=4, verbose=0))

    together(*(lambda k=k: task(k) for k in range(3)))
    assert found == [[right] * CALLS for right in expected]


def test_training_beside_predictions_takes_the_same_steps():
    x, y = samples(24)
    alone = network()
    alone.fit(x, y, batch_size=8, epochs=4, verbose=0)
    model = network()
    trained = threading.Event()
    outputs = []

    def train():
        model.fit(x, y, batch_size=8, epochs=4, verbose=0)
        trained.set()

    def predict():
        while not trained.is_set():
            outputs.append(model.predict(x[:5], verbose=0))

    together(train, predict, predict)
    for a, b in zip(model.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert all(np.isclose(y.sum(axis=1), 1, atol=1e-5).all() for y in outputs)


def test_a_prediction_beside_training_sees_the_weights_between_two_steps():
    x, y = samples(16)
    model, twin = network(), network()
    states = [twin.predict(x, verbose=0)]
    for _ in range(6):
        twin.train_on_batch(x, y)
        states.append(twin.predict(x, verbose=0))
    trained, outputs = threading.Event(), []

    def train():
        for _ in range(6):
            model.train_on_batch(x, y)
        trained.set()

    def predict():
        while not trained.is_set():
            outputs.append(model.predict(x, verbose=0))

    together(train, predict)
    assert all(any((out == state).all() for state in states) for out in outputs)


def test_two_fits_are_refused():
    x, y = samples(8)
    model = network()
    inside, done = threading.Event(), threading.Event()
    errors = []

    def hold(*unused):
        inside.set()
        done.wait(60)

    def second():
        inside.wait(60)
        try:
            with pytest.raises(RuntimeError, match="one fit at a time; received a call while"):
                model.fit(x, y, verbose=0)
        except BaseException as error:
            errors.append(error)
        finally:
            done.set()

    together(
        lambda: model.fit(x, y, verbose=0, callbacks=[LambdaCallback(on_epoch_begin=hold)]),
        second,
    )
    assert not errors
    model.fit(x, y, verbose=0)  # and after that it may be called again


def test_files_saved_beside_training_are_whole(tmp_path):
    x, y = samples(16)
    model = network()
    trained = threading.Event()
    saved = []

    def train():
        model.fit(x, y, batch_size=8, epochs=10, verbose=0)
        trained.set()

    def save():
        while not trained.is_set() or not saved:
            path = tmp_path / f"{len(saved)}.safetensors"
            model.save(path)
            model.save_weights(tmp_path / "weights.safetensors")
            saved.append(path)

    together(train, save)
    for path in saved:
        loaded = load_model(path)  # checks the file's own checksum
        # Batch normalization's statistics and the optimizer's belong to one step.
        twin = network()
        for at in range(loaded.optimizer.iterations // 2):
            twin.fit(x, y, batch_size=8, initial_epoch=at, epochs=at + 1, verbose=0)
        if loaded.optimizer.iterations % 2 == 0:
            for a, b in zip(loaded.get_weights(), twin.get_weights(), strict=True):
                np.testing.assert_array_equal(a, b)
    load_model(saved[-1]).load_weights(tmp_path / "weights.safetensors")


def test_weights_set_beside_predictions_are_all_old_or_all_new():
    x = samples(6)[0]
    model, other = network(1), network(2)
    kept = [model.get_weights(), other.get_weights()]
    right = [model.predict(x, verbose=0), other.predict(x, verbose=0)]
    stop, outputs = threading.Event(), []

    def change():
        for k in range(40):
            model.set_weights(kept[k % 2])
        stop.set()

    def predict():
        while not stop.is_set():
            outputs.append(model.predict(x, verbose=0))

    together(change, predict)
    assert all(any((out == r).all() for r in right) for out in outputs)


def test_a_layer_called_by_two_threads():
    layer = Conv2D(8, 3, padding="same", activation="relu")
    given = [samples(2, seed=k)[0] for k in range(3)]
    expected = [layer(x) for x in given]
    wrong = []

    def task(k):
        for _ in range(CALLS):
            if not (layer(given[k]) == expected[k]).all():
                wrong.append(k)

    together(*(lambda k=k: task(k) for k in range(3)))
    assert not wrong


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_compute_and_train_by_themselves(copied):
    x, y = samples(16)
    model = network()
    model.fit(x, y, batch_size=8, epochs=2, verbose=0)
    twin = copied(model)
    np.testing.assert_array_equal(twin.predict(x, verbose=0), model.predict(x, verbose=0))
    before = model.get_weights()
    twin.fit(x, y, batch_size=8, initial_epoch=2, epochs=3, verbose=0)
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    model.fit(x, y, batch_size=8, initial_epoch=2, epochs=3, verbose=0)
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_of_layers(copied):
    x = samples(2)[0]
    layer = Conv2D(4, 3, activation="relu")
    y = layer(x)
    twin = copied(layer)
    np.testing.assert_array_equal(twin(x), y)
    np.testing.assert_array_equal(twin.backward(np.ones_like(y)), layer.backward(np.ones_like(y)))


class TestSharedLock:
    def test_readers_share(self):
        lock, both = SharedLock(), threading.Barrier(2)

        def read():
            with lock.reading:
                both.wait(30)  # reached only if the two hold the lock together

        together(read, read)

    def test_a_writer_is_alone(self):
        lock, inside = SharedLock(), []

        def write():
            for _ in range(200):
                with lock.writing, lock.writing, lock.reading:
                    inside.append(1)
                    assert len(inside) == 1
                    inside.pop()

        def read():
            for _ in range(200):
                with lock.reading, lock.reading:
                    assert not inside

        together(write, write, read, read)

    def test_readers_do_not_keep_a_writer_out(self):
        lock, written = SharedLock(), threading.Event()

        def read():
            while not written.is_set():
                with lock.reading:
                    time.sleep(0.001)

        def write():
            with lock.writing:
                written.set()

        together(read, read, read, write)

    def test_a_reader_cannot_write(self):
        lock = SharedLock()
        with lock.reading, pytest.raises(RuntimeError, match="while it computes"), lock.writing:
            pass
        with lock.writing:
            pass
