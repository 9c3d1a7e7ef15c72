"""Training: it learns, it is the same every time, and it refuses what it cannot use."""

import re

import numpy as np
import pytest

import fastconv
from fastconv.kernels import _threads
from fastconv.layers import Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D, Rescaling
from fastconv.models import Sequential, zoo
from fastconv.optimizers import SGD, Adam
from fastconv.utils import to_categorical


def bars(n, seed=0):
    """Images of 12×12 with a bright bar: rows (0), columns (1), or a diagonal (2), and noise."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 90, (n, 12, 12, 1))
    labels = rng.integers(0, 3, n)
    for image, label, at in zip(images, labels, rng.integers(1, 11, n), strict=True):
        if label == 0:
            image[at, :, 0] += 150
        elif label == 1:
            image[:, at, 0] += 150
        else:
            image[np.arange(12), (np.arange(12) + at) % 12, 0] += 150
    return images.astype(np.uint8), labels


def network(seed=21, optimizer=None, loss="sparse_categorical_crossentropy"):
    model = Sequential(
        [
            Input((12, 12, 1)),
            Rescaling(1 / 255),
            Conv2D(8, 3, activation="relu", kernel_initializer="he_uniform"),
            MaxPooling2D(),
            Dropout(0.1),
            Flatten(),
            Dense(24, activation="relu"),
            Dense(3, activation="softmax"),
        ],
        seed=seed,
    )
    model.compile(optimizer or Adam(0.01), loss, ["accuracy"])
    return model


def test_it_learns():
    model = network()
    history = model.fit(*bars(480), batch_size=32, epochs=6, verbose=0)
    assert list(history.history) == ["loss", "accuracy"]
    assert history.epoch == list(range(6))
    assert history.history["loss"][-1] < 0.3 < history.history["loss"][0]
    x, y = bars(120, seed=1)
    loss, accuracy = model.evaluate(x, y, verbose=0)
    assert accuracy > 0.9
    assert (model.predict(x).argmax(axis=1) == y).mean() == accuracy
    probabilities = model.predict(x)[np.arange(120), y].astype(float)
    assert loss == pytest.approx(-np.log(probabilities).mean(), rel=1e-5)


def test_one_hot_labels_train_the_same_way():
    x, y = bars(64)
    labels, rows = network(), network(loss="categorical_crossentropy")
    labels.fit(x, y, epochs=2, verbose=0)
    rows.fit(x, to_categorical(y), epochs=2, verbose=0)
    for a, b in zip(labels.get_weights(), rows.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_the_same_seed_gives_the_same_bits():
    x, y = bars(70)
    one, other, third = network(), network(), network(seed=22)
    histories = [m.fit(x, y, batch_size=16, epochs=2, verbose=0) for m in (one, other, third)]
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert histories[0].history == histories[1].history
    assert histories[0].history != histories[2].history


def test_the_tables_network_ends_in_the_same_bits_on_any_number_of_threads():
    """Winograd's method in every pass, fused with pooling and dropout."""
    rng, before, results = np.random.default_rng(0), fastconv.get_num_threads(), []
    x, y = rng.integers(0, 256, (24, 32, 32, 3), np.uint8), rng.integers(0, 10, 24)
    try:
        for threads in (1, 2, 3, 4, 2):
            fastconv.set_num_threads(threads)
            model = zoo.build("cifar10", (32, 32, 3), 10, seed=5)
            model.compile("adam", "sparse_categorical_crossentropy")
            model.fit(x, y, batch_size=12, epochs=1, verbose=0)
            results.append(model.get_weights())
    finally:
        fastconv.set_num_threads(before)
    for weights in results[1:]:
        for a, b in zip(weights, results[0], strict=True):
            np.testing.assert_array_equal(a, b)


def test_any_number_of_threads_gives_the_same_bits():
    """Even the smallest arrays are shared between the threads here."""
    x, y = bars(70)
    before, work = fastconv.get_num_threads(), _threads.set_work_per_thread(1.0)
    results = []
    try:
        for threads in (1, 2, 3, 4):
            fastconv.set_num_threads(threads)
            model = network(optimizer=SGD(0.05, momentum=0.9))
            history = model.fit(x, y, batch_size=32, epochs=2, verbose=0, validation_split=0.2)
            results.append((model.get_weights(), history.history))
    finally:
        fastconv.set_num_threads(before)
        _threads.set_work_per_thread(work)
    for weights, history in results[1:]:
        assert history == results[0][1]
        for a, b in zip(weights, results[0][0], strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_data_may_come_in_any_form():
    x, y = bars(40)
    wanted = network()
    wanted.fit(x.astype(np.float32), y, batch_size=16, epochs=1, verbose=0)
    turned = np.ascontiguousarray(x.astype(np.float32).transpose(2, 1, 0, 3)).transpose(2, 1, 0, 3)
    for form in (x.astype(np.float64), x.astype(np.int64), x.tolist(), turned,
                 x.astype(">f4"), np.repeat(x.astype(np.float32), 2, axis=0)[::2]):  # fmt: skip
        model = network()
        model.fit(form, y.tolist(), batch_size=16, epochs=1, verbose=0)
        for a, b in zip(model.get_weights(), wanted.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_data_are_only_read():
    x, y = bars(40)
    for array in (x, y):
        array.flags.writeable = False
    kept = x.copy(), y.copy()
    network().fit(x, y, epochs=1, verbose=0, validation_split=0.25)
    np.testing.assert_array_equal(x, kept[0])
    np.testing.assert_array_equal(y, kept[1])


def test_without_shuffling_every_epoch_is_the_same():
    """Samples go through in their order: the steps are those of train_on_batch on the slices."""
    x, y = bars(20)
    fitted, stepped = network(optimizer="sgd"), network(optimizer="sgd")
    fitted.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    for _ in range(2):
        for start in (0, 8, 16):
            stepped.train_on_batch(x[start : start + 8], y[start : start + 8])
    for a, b in zip(fitted.get_weights(), stepped.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_shuffling_changes_with_the_epoch_and_visits_every_sample():
    from fastconv.models.data.samples import shuffled

    orders = [shuffled(50, seed, epoch, steps) for seed, epoch, steps in
              ((1, 0, 0), (1, 1, 0), (2, 0, 0), (1, 0, 7))]  # fmt: skip
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(50))
    assert len({tuple(order) for order in orders}) == 4
    np.testing.assert_array_equal(orders[0], shuffled(50, 1, 0, 0))


def test_validation_split_takes_the_end():
    x, y = bars(40)
    split, given = network(), network()
    a = split.fit(x, y, epochs=2, validation_split=0.25, verbose=0)
    b = given.fit(x[:30], y[:30], epochs=2, validation_data=(x[30:], y[30:]), verbose=0)
    assert a.history == b.history
    assert list(a.history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    found = split.evaluate(x[30:], y[30:], verbose=0)
    assert found == [a.history["val_loss"][-1], a.history["val_accuracy"][-1]]


def test_the_loss_of_an_epoch_is_the_mean_over_its_samples():
    """Also when the last batch is smaller: with a learning rate of 0 it is the evaluation's."""
    x, y = bars(21)
    model = network(optimizer=SGD(0.0))
    model.layers[3].rate = 0.0
    history = model.fit(x, y, batch_size=8, verbose=0)
    loss, accuracy = model.evaluate(x, y, batch_size=21, verbose=0)
    assert history.history["loss"][0] == pytest.approx(loss, rel=1e-6)
    assert history.history["accuracy"][0] == pytest.approx(accuracy)


def test_single_batches():
    x, y = bars(16)
    model = network()
    before = model.test_on_batch(x, y, return_dict=True)
    assert before == model.evaluate(x, y, return_dict=True, verbose=0)
    for _ in range(30):
        model.train_on_batch(x, y)
    assert model.optimizer.iterations == 30
    assert model.test_on_batch(x, y)[0] < before["loss"]
    np.testing.assert_array_equal(model.predict_on_batch(x), model.predict(x))


def test_no_epochs_to_go():
    model = network()
    history = model.fit(*bars(8), epochs=2, initial_epoch=2, verbose=0)
    assert history.history == {}
    assert model.optimizer.iterations == 0


def test_a_model_without_input_is_built_by_the_data():
    model = Sequential([Flatten(), Dense(3, activation="softmax")], seed=1)
    model.compile("adam", "sparse_categorical_crossentropy")
    assert len(model.fit(*bars(12), verbose=0).history["loss"]) == 1
    assert model.evaluate(*bars(12), verbose=0) > 0


def test_nan_names_the_epoch_and_the_step():
    x, y = bars(40)
    pixels = x.astype(np.float32)
    pixels[33] = np.nan
    model = network()
    with pytest.raises(
        FloatingPointError, match=r"received nan in epoch 1, step 5 of 5 \(the weights are those"
    ):
        model.fit(pixels, y, batch_size=8, shuffle=False, verbose=0)
    assert model.optimizer.iterations == 4
    assert all(np.isfinite(w).all() for w in model.get_weights())
    with pytest.raises(FloatingPointError, match="train_on_batch: the loss must stay finite"):
        model.train_on_batch(pixels[30:], y[30:])


X, Y = bars(8)
BAD = [
    (
        {"x": X[:, :9]},
        "fit: x must have the model's input shape (None, 12, 12, 1); received (8, 9",
    ),
    ({"x": X[0]}, "received (12, 12, 1)"),
    ({"x": X[:5]}, "the same number of samples, at least one; received 5 and 8"),
    ({"x": X[:0], "y": Y[:0]}, "at least one; received 0 and 0"),
    ({"x": np.float32(1)}, "x must have a batch axis"),
    ({"verbose": 3}, "verbose: must be 'auto', 0, 1 or 2; received 3"),
    ({"batch_size": 0}, "fit: batch_size must be at least 1; received 0"),
    ({"epochs": -1}, "fit: epochs must be at least 0; received -1"),
    ({"validation_split": 1.0}, "validation_split must be between 0 and 1; received 1.0"),
    ({"validation_split": 0.95}, "must leave samples on both sides; received 0.95 of 8 samples"),
    (
        {"validation_data": X},
        "validation_data must be (x, y), (x, y, sample_weight) or an iterable of batches",
    ),
    ({"validation_data": (X, Y, Y, Y)}, "received tuple of length 4"),
    ({"validation_data": (X, Y + 9)}, "fit (validation_data): labels must be whole numbers"),
]


@pytest.mark.parametrize(("change", "message"), BAD, ids=[m for _, m in BAD])
def test_errors_before_anything_is_trained(change, message):
    model = network()
    before = model.get_weights()
    with pytest.raises(ValueError, match=re.escape(message)):
        model.fit(**{"x": X, "y": Y, "verbose": 0, **change})
    assert model.optimizer.iterations == 0
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_wrong_types():
    model = network()
    for change, message in (
        ({"x": X.astype(complex)}, "received dtype complex128"),
        ({"y": Y.astype(str)}, "y must hold float32"),
        ({"batch_size": 2.5}, "batch_size must be a whole number; received 2.5"),
        ({"callbacks": [print]}, "each must be an instance of fastconv.callbacks.Callback"),
    ):
        with pytest.raises(TypeError, match=re.escape(message)):
            model.fit(**{"x": X, "y": Y, "verbose": 0, **change})
    assert model.optimizer.iterations == 0
