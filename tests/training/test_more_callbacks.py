"""Callbacks that watch, save and stop; what they know survives a resumed run."""

import re

import numpy as np
import pytest

from fastconv.callbacks import (
    BackupAndRestore,
    Callback,
    EarlyStopping,
    LambdaCallback,
    ModelCheckpoint,
    ReduceLROnPlateau,
)
from fastconv.layers import Dense, Input
from fastconv.models import Sequential, load_model
from fastconv.optimizers import SGD, Adam

RNG = np.random.default_rng(0)
X = RNG.standard_normal((12, 4)).astype(np.float32)
Y = RNG.integers(0, 3, 12)


def network(optimizer=None):
    model = Sequential([Input((4,)), Dense(3, activation="softmax")], seed=1)
    model.compile(optimizer or Adam(0.05), "sparse_categorical_crossentropy", ["accuracy"])
    return model


class Script(Callback):
    """Puts numbers of our own into the logs."""

    adds_to_logs = True

    def __init__(self, values):
        super().__init__()
        self.values = values

    def on_epoch_end(self, epoch, logs=None):
        logs["val_loss"] = self.values[epoch]


def follow(values, *callbacks, model=None, initial_epoch=0, epochs=None):
    model = model or network()
    return model, model.fit(
        X, Y, epochs=epochs or len(values), initial_epoch=initial_epoch, verbose=0,
        callbacks=[Script(values), *callbacks],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("values", "how", "epochs"),
    [
        ([3, 2, 2, 2, 1, 1], {"patience": 2}, 4),
        ([3, 2, 1.95, 1.92, 1.85], {"patience": 2, "min_delta": 0.1}, 4),
        ([1, 2, 3, 4, 5], {"patience": 0}, 2),
        ([1, 2, 3, 4, 5], {"patience": 0, "mode": "max"}, 5),
        ([1, 2, 3, 4, 5], {"patience": 1, "start_from_epoch": 2}, 4),
        ([5, 4, 3, 2, 1, 0], {"patience": 4, "baseline": 2.5}, 6),
        ([5, 4, 3, 2.9, 2.8, 0], {"patience": 3, "baseline": 2.5}, 3),
        ([1, float("nan"), float("nan")], {"patience": 1}, 2),
    ],
)
def test_early_stopping(values, how, epochs):
    stop = EarlyStopping(**how)
    _, history = follow(values, stop)
    assert len(history.epoch) == epochs
    assert stop.stopped_epoch == (epochs - 1 if epochs < len(values) else 0)


def test_the_best_weights_come_back():
    weights = []
    keep = LambdaCallback(on_epoch_end=lambda epoch, logs: weights.append(model.get_weights()))
    model = network()
    stop = EarlyStopping(patience=2, restore_best_weights=True)
    follow([3, 1, 2, 2, 2], keep, stop, model=model)
    assert stop.best_epoch == 1
    for now, best in zip(model.get_weights(), weights[1], strict=True):
        np.testing.assert_array_equal(now, best)
    assert model.kept_weights is None


def test_waiting_and_the_best_weights_survive_a_resumed_run(tmp_path):
    values = [3, 1, 2, 2, 2, 2]
    path = tmp_path / "model"

    def callbacks():
        return EarlyStopping(patience=3, restore_best_weights=True), ModelCheckpoint(path)

    whole, history = follow(values, *callbacks())
    assert history.epoch == [0, 1, 2, 3, 4]
    follow(values, *callbacks(), epochs=3)
    model, history = follow(values, *callbacks(), model=load_model(path), initial_epoch=3)
    assert history.epoch == [0, 1, 2, 3, 4]
    for a, b in zip(whole.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_reduce_on_plateau(tmp_path):
    values = [3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1]
    path = tmp_path / "model"

    def run(epochs=None, **more):
        plateau = ReduceLROnPlateau(factor=0.5, patience=2, cooldown=1, min_lr=0.2)
        how = {"epochs": epochs, **more}
        return follow(values, plateau, ModelCheckpoint(path), **how)[1].history["learning_rate"]

    rates = run(model=network(SGD(1.0)))
    assert rates == [1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.2]
    run(5, model=network(SGD(1.0)))
    assert run(model=load_model(path), initial_epoch=5) == rates


def test_a_monitor_that_is_missing_in_some_epochs():
    model, stop = network(), EarlyStopping("val_accuracy", patience=50)
    history = model.fit(
        X, Y, epochs=4, validation_split=0.25, validation_freq=2, verbose=0, callbacks=[stop]
    )
    assert len(history.history["val_loss"]) == 2
    assert stop.wait < 2


def test_backup(tmp_path):
    class Crash(Callback):
        def on_train_batch_end(self, batch, logs=None):
            if len(self.model.history.epoch) == 3 and batch == 1:
                raise KeyboardInterrupt

    def run(*more):
        model = network()
        stop = EarlyStopping("loss", patience=9, restore_best_weights=True)
        history = model.fit(X, Y, batch_size=4, epochs=6, verbose=0,
                            callbacks=[BackupAndRestore(tmp_path), stop, *more])  # fmt: skip
        return model, history

    whole, wanted = run()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KeyboardInterrupt):
        run(Crash())
    model, history = run()
    assert history.epoch == list(range(6))
    assert history.history == wanted.history
    for a, b in zip(whole.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("every", "left_out"), [(4, 2), (3, 0), (2, 2)])
def test_backup_by_steps_goes_on_in_the_middle_of_an_epoch(tmp_path, every, left_out):
    """Six steps an epoch; the crash comes in the second one, behind its third or fourth step."""
    seen = []

    def run(*more):
        model = network()
        note = LambdaCallback(on_train_batch_begin=lambda batch, logs: seen.append(batch))
        backup = BackupAndRestore(tmp_path, save_freq=every)
        history = model.fit(
            X, Y, batch_size=2, epochs=3, verbose=0, callbacks=[backup, note, *more]
        )
        return model, history

    def crash(batch, logs):
        if len(seen) == 6 + 3 + (every == 4):
            raise KeyboardInterrupt

    whole, _ = run()
    seen.clear()
    with pytest.raises(KeyboardInterrupt):
        run(LambdaCallback(on_train_batch_begin=crash))
    assert [file.name for file in tmp_path.iterdir()] == ["backup.safetensors"]
    seen.clear()
    model, history = run()
    assert seen == [*range(left_out, 6), *range(6)]
    assert history.epoch == [0, 1, 2]
    for a, b in zip(whole.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_backup_of_a_training_that_a_callback_has_ended(tmp_path):
    """As if the process had been killed between the last backup and its removal."""

    class Killed(Callback):
        def on_train_end(self, logs=None):
            raise KeyboardInterrupt

    def run(*more):
        model = network(Adam(0.5))
        stop = EarlyStopping("loss", patience=1, restore_best_weights=True)
        backup = BackupAndRestore(tmp_path)
        history = model.fit(X, Y, epochs=40, verbose=0, callbacks=[stop, backup, *more])
        return model, history

    whole, wanted = run()
    assert 2 <= len(wanted.epoch) < 40
    with pytest.raises(KeyboardInterrupt):
        run(Killed())
    assert load_model(tmp_path / "backup.safetensors").stop_training
    model, history = run()
    assert history.history == wanted.history
    for a, b in zip(whole.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert list(tmp_path.iterdir()) == []


def test_a_loaded_model_says_whether_its_training_had_ended(tmp_path):
    model = network()
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[ModelCheckpoint(tmp_path / "{epoch}")])
    assert not load_model(tmp_path / "2").stop_training
    ends = LambdaCallback(on_epoch_end=lambda *_: setattr(model, "stop_training", True))
    model.fit(X, Y, epochs=9, initial_epoch=2, verbose=0, callbacks=[ends])
    model.save(tmp_path / "ended")
    again = load_model(tmp_path / "ended")
    assert again.stop_training
    again.fit(X, Y, epochs=9, initial_epoch=3, verbose=0)  # who asks for more gets more
    assert again.epoch == 9


def test_checkpoints_by_steps(tmp_path):
    keeper = ModelCheckpoint(tmp_path / "{epoch}-{batch}", save_freq=2, save_weights_only=True)
    network().fit(X, Y, batch_size=4, epochs=2, verbose=0, callbacks=[keeper])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1-2", "2-1", "2-3"]


def test_a_threshold_for_the_first_checkpoint(tmp_path):
    keeper = ModelCheckpoint(tmp_path / "{epoch}", save_best_only=True, initial_value_threshold=1.5)
    follow([3, 2, 1], keeper)
    assert [p.name for p in tmp_path.iterdir()] == ["3"]


def test_functions_as_callbacks():
    seen = []
    network().fit(
        X, Y, batch_size=6, verbose=0,
        callbacks=[
            LambdaCallback(
                on_train_begin=lambda logs: seen.append("begin"),
                on_batch_end=lambda batch, logs: seen.append(batch),
                on_epoch_end=lambda epoch, logs: seen.append(sorted(logs)),
            )
        ],
    )  # fmt: skip
    assert seen == ["begin", 0, 1, ["accuracy", "loss"]]


BAD = [
    (lambda: EarlyStopping(patience=-1), ValueError, "patience must be at least 0; received -1"),
    (lambda: EarlyStopping(mode="mn"), ValueError, "(did you mean 'min'?)"),
    (lambda: EarlyStopping(patient=1), TypeError, "(did you mean 'patience'?)"),
    (lambda: ReduceLROnPlateau(factor=1), ValueError, "factor must be above 0 and below 1; rec"),
    (lambda: LambdaCallback(on_epoch_ends=print), TypeError, "(did you mean 'on_epoch_end'?)"),
    (lambda: LambdaCallback(on_epoch_end=3), TypeError, "must be a function; received 3"),
    (lambda: BackupAndRestore("x", save_freq=0), ValueError, "save_freq must be at least 1"),
    (
        lambda: network().fit(iter([(X, Y)]), callbacks=[BackupAndRestore("x", save_freq=2)]),
        ValueError,
        "save_freq=2 needs to know the batches of an epoch",
    ),
    (
        lambda: network().fit(X, Y, verbose=0, callbacks=[EarlyStopping()]),
        ValueError,
        "EarlyStopping: monitor must be one of loss, accuracy; received 'val_loss'",
    ),
]


@pytest.mark.parametrize(("bad", "error", "message"), BAD, ids=[m for _, _, m in BAD])
def test_errors(bad, error, message):
    with pytest.raises(error, match=re.escape(message)):
        bad()
