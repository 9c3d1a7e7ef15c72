"""Processes that are forked after a model was used, or while another thread uses it."""

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading

import numpy as np
import pytest

from fastconv import Input, Sequential
from fastconv.callbacks import LambdaCallback
from fastconv.kernels import _threads
from fastconv.layers import BatchNormalization, Conv2D, Dense, Flatten, MaxPooling2D
from fastconv.models.data.prefetch import Prefetch
from fastconv.utils.locks import SharedLock

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]

X = np.random.default_rng(0).normal(size=(12, 8, 8, 3)).astype(np.float32)
Y = np.arange(12) % 4


@pytest.fixture(autouse=True)
def teams():
    """Even the smallest arrays are shared among three threads, so that OpenMP has a team."""
    threads, work = _threads.get_num_threads(), _threads.set_work_per_thread(1.0)
    _threads.set_num_threads(3)
    yield
    _threads.set_num_threads(threads)
    _threads.set_work_per_thread(work)


@pytest.fixture
def model():
    model = Sequential(
        [
            Input((8, 8, 3)),
            Conv2D(16, 3, padding="same", activation="relu"),
            Conv2D(16, 3, padding="same"),
            BatchNormalization(),
            MaxPooling2D(),
            Flatten(),
            Dense(4, activation="softmax"),
        ],
        seed=3,
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.train_on_batch(X, Y)
    return model


def used(model):
    """What training, evaluation and prediction give."""
    history = model.fit(X, Y, batch_size=4, epochs=2, verbose=0).history
    streamed = model.fit(((X, Y) for _ in range(2)), steps_per_epoch=2, verbose=0).history
    return history, streamed, model.evaluate(X, Y, verbose=0), model.predict(X, verbose=0).tobytes()


def in_child(task):
    """What `task` gives in a forked child, or its error; a child that hangs fails the test."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(30)
        with contextlib.suppress(BaseException):
            try:
                result = task()
            except Exception as error:
                result = error
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(result, pipe)
            os._exit(0)
        os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "the child hung or died"
    return pickle.loads(said)


@contextlib.contextmanager
def elsewhere(context):
    """While it lasts, another thread is inside `context`."""
    inside, leave = threading.Event(), threading.Event()

    def stay():
        with context:
            inside.set()
            leave.wait(60)

    thread = threading.Thread(target=stay)
    thread.start()
    assert inside.wait(30)
    try:
        yield
    finally:
        leave.set()
        thread.join()


def test_a_child_gives_its_parents_bits(model):
    given = in_child(lambda: used(model))
    assert given == used(model)


def test_a_pool_of_children_predicts(model):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        parts = pool.map_async(model.predict, [X[:5], X[5:]]).get(60)
    np.testing.assert_array_equal(np.concatenate(parts), model.predict(X, verbose=0))


def test_a_child_of_a_callback_uses_the_model(model):
    results = []

    def fork(batch, logs=None):
        results.append((in_child(lambda: used(model)), model.predict(X, verbose=0).tobytes()))

    model.fit(((X, Y) for _ in range(3)), steps_per_epoch=3, verbose=0,
              callbacks=[LambdaCallback(on_train_batch_end=fork)])  # fmt: skip
    assert len(results) == 3
    assert all(len(given) == 4 for given, _ in results)


def test_a_fork_amid_another_threads_step_is_refused(model):
    with elsewhere(model.plans.lock.writing):
        for call in (lambda: model.predict(X), lambda: model.train_on_batch(X, Y),
                     model.get_weights):  # fmt: skip
            error = in_child(call)
            assert isinstance(error, RuntimeError), error
            assert "was forked in the middle of a training step" in str(error)
    model.predict(X, verbose=0)  # the parent's model is whole


@pytest.mark.parametrize("held", ["reading", "_table", "_mutex"])
def test_what_other_threads_hold_does_not_stop_a_child(model, held):
    plans, lock = model.plans, model.plans.lock
    context = {"reading": lock.reading, "_table": plans._table, "_mutex": lock._mutex}[held]
    with elsewhere(context):
        given = in_child(lambda: used(model))
    assert given == used(model)


def test_a_child_may_fit_beside_the_parents_fit(model):
    with elsewhere(model.plans.fitting()):
        given = in_child(lambda: used(model))
    assert given == used(model)


def test_the_thread_that_forks_keeps_its_lock():
    lock = SharedLock()

    def task():
        with lock.reading, lock.writing:
            pass
        lock.writing.__exit__()
        with elsewhere(lock.writing):
            return "free"

    with lock.writing:
        assert in_child(task) == "free"


def test_a_layer_that_another_thread_calls():
    layer = Conv2D(4, 3)
    expected = layer(X)
    with elsewhere(layer._runner._turn):
        np.testing.assert_array_equal(in_child(lambda: layer(X)), expected)


def test_batches_read_ahead_end_with_an_error():
    never = threading.Event()
    with Prefetch(iter(never.wait, None)) as batches:  # the thread waits within its source
        error = in_child(lambda: next(batches))
        never.set()
    assert isinstance(error, RuntimeError)
    assert "does not live on in a forked process" in str(error)
