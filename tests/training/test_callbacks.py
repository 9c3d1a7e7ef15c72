"""Callbacks: when they are called, and what each does."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from fastconv.callbacks import (
    BackupAndRestore,
    Callback,
    CSVLogger,
    LearningRateScheduler,
    ModelCheckpoint,
    ProgbarLogger,
    TerminateOnNaN,
)
from fastconv.layers import Dense, Input
from fastconv.models import Sequential, load_model
from fastconv.optimizers import SGD

RNG = np.random.default_rng(0)
X = RNG.standard_normal((10, 4)).astype(np.float32)
Y = RNG.integers(0, 3, 10)


def network(rate=0.1):
    model = Sequential([Input((4,)), Dense(3, activation="softmax")], seed=1)
    model.compile(SGD(rate), "sparse_categorical_crossentropy", ["accuracy"])
    return model


class Recorder(Callback):
    def __init__(self):
        super().__init__()
        self.calls = []

    def close(self):
        self.calls.append("close")


def _record(hook):
    def method(self, *args):
        *where, logs = args
        self.calls.append((hook, *where, *sorted(logs)))

    return method


HOOKS = [name for name in dir(Callback) if name.startswith("on_") and "on_batch" not in name]
for _hook in HOOKS:
    setattr(Recorder, _hook, _record(_hook))


def test_hooks_are_called_in_order():
    recorder = Recorder()
    model = network()
    model.fit(X, Y, batch_size=8, epochs=1, validation_data=(X[:4], Y[:4]), verbose=0,
              callbacks=[recorder])  # fmt: skip
    means = ("accuracy", "loss")
    assert recorder.calls == [
        ("on_train_begin",),
        ("on_epoch_begin", 0),
        ("on_train_batch_begin", 0),
        ("on_train_batch_end", 0, *means),
        ("on_train_batch_begin", 1),
        ("on_train_batch_end", 1, *means),
        ("on_test_begin",),
        ("on_test_batch_begin", 0),
        ("on_test_batch_end", 0, *means),
        ("on_test_end", *means),
        ("on_epoch_end", 0, *means, "val_accuracy", "val_loss"),
        ("on_train_end",),
        "close",
    ]
    assert recorder.params == {
        "epochs": 1, "initial_epoch": 0, "steps": 2, "samples": 10, "batch_size": 8, "verbose": 0,
    }  # fmt: skip
    assert recorder.model is model
    recorder.calls.clear()
    model.predict(X, batch_size=5, callbacks=[recorder])
    assert [call[0] for call in recorder.calls[:-1]] == [
        "on_predict_begin",
        *["on_predict_batch_begin", "on_predict_batch_end"] * 2,
        "on_predict_end",
    ]
    assert len(HOOKS) == 14


def test_the_older_names_of_the_hooks_are_called():
    class Losses(Callback):
        def on_train_begin(self, logs=None):
            self.begun, self.losses = [], []

        def on_batch_begin(self, batch, logs=None):
            self.begun.append(batch)

        def on_batch_end(self, batch, logs=None):
            self.losses.append(logs["loss"])

    seen = Losses()
    history = network().fit(X, Y, batch_size=4, verbose=0, callbacks=[seen])
    assert seen.begun == [0, 1, 2]
    assert seen.losses[-1] == history.history["loss"][0]


def test_an_error_closes_the_callbacks_but_does_not_end_the_training():
    class Interrupt(Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                raise KeyboardInterrupt

    recorder = Recorder()
    with pytest.raises(KeyboardInterrupt):
        network().fit(X, Y, batch_size=4, verbose=0, callbacks=[recorder, Interrupt()])
    assert recorder.calls[-1] == "close"
    assert ("on_train_end",) not in recorder.calls


def test_a_callback_ends_the_training():
    class Stop(Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1 and len(self.model.history.epoch) == 1

    model = network()
    history = model.fit(X, Y, batch_size=4, epochs=5, verbose=0, callbacks=[Stop()])
    assert history.epoch == [0, 1]
    assert model.optimizer.iterations == 3 + 2


def test_a_callback_may_evaluate_in_the_middle_of_an_epoch():
    class Peek(Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.evaluate(X[:3], Y[:3], verbose=0)

    peeking, plain = network(), network()
    a = peeking.fit(X, Y, batch_size=4, epochs=2, verbose=0, callbacks=Peek())
    b = plain.fit(X, Y, batch_size=4, epochs=2, verbose=0)
    assert a.history == b.history


def test_a_callback_may_freeze_a_layer_in_the_middle_of_an_epoch():
    class Freeze(Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 0:
                self.model.layers[0].trainable = False
                self.frozen = self.model.layers[0].get_weights()

    model = Sequential([Input((4,)), Dense(5), Dense(3, activation="softmax")], seed=1)
    model.compile("adam", "sparse_categorical_crossentropy")
    last = model.layers[1].get_weights()
    callback = Freeze()
    model.fit(X, Y, batch_size=2, verbose=0, callbacks=callback)
    for now, then in zip(model.layers[0].get_weights(), callback.frozen, strict=True):
        np.testing.assert_array_equal(now, then)
    assert not np.array_equal(model.layers[1].get_weights()[0], last[0])


def test_learning_rate_scheduler(capsys):
    model = network(rate=0.4)
    halving = LearningRateScheduler(lambda epoch, rate: rate / 2, verbose=1)
    history = model.fit(X, Y, epochs=3, verbose=0, callbacks=[halving])
    assert history.history["learning_rate"] == [0.2, 0.1, 0.05]
    assert "Epoch 3: learning rate 0.05" in capsys.readouterr().out
    by_epoch = LearningRateScheduler(lambda epoch: [0.3, 0.2][epoch])
    assert model.fit(X, Y, epochs=2, verbose=0, callbacks=[by_epoch]).history["learning_rate"] == [
        0.3, 0.2,
    ]  # fmt: skip
    with pytest.raises(TypeError, match="schedule must be a function of the epoch"):
        LearningRateScheduler(0.1)
    with pytest.raises(ValueError, match="learning_rate must be finite, at least 0; received -1"):
        model.fit(X, Y, verbose=0, callbacks=[LearningRateScheduler(lambda epoch: -1)])


def rows(path, separator=","):
    with open(path, newline="") as file:
        return list(csv.reader(file, delimiter=separator))


def test_csv_logger(tmp_path):
    path = tmp_path / "log.csv"
    history = network().fit(
        X, Y, epochs=2, validation_split=0.2, verbose=0, callbacks=[CSVLogger(path, separator=";")]
    )
    header, *lines = rows(path, ";")
    assert header == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy"]
    assert [line[0] for line in lines] == ["0", "1"]
    for column, name in enumerate(header[1:], start=1):
        assert [float(line[column]) for line in lines] == history.history[name]


def test_csv_logger_goes_on_with_a_file(tmp_path):
    path = tmp_path / "log.csv"
    whole = network().fit(X, Y, epochs=4, verbose=0, callbacks=[CSVLogger(tmp_path / "whole")])
    model = network()
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[CSVLogger(path)])
    before = rows(path)
    model = network()  # as if only the first two epochs had been saved
    model.fit(X, Y, epochs=2, verbose=0)
    model.fit(X, Y, epochs=4, initial_epoch=2, verbose=0, callbacks=[CSVLogger(path, append=True)])
    assert rows(path)[:4] == before
    assert rows(path) == rows(tmp_path / "whole")
    assert len(whole.epoch) == 4
    model.fit(X, Y, epochs=1, verbose=0, callbacks=[CSVLogger(path)])
    assert len(rows(path)) == 2
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"must begin with the column 'epoch'.*received \['a', 'b"):
        model.fit(X, Y, verbose=0, callbacks=[CSVLogger(path, append=True)])


@pytest.mark.parametrize(
    "left",
    [
        lambda lines: lines[:3],  # the last epoch's line was not on the disk yet
        lambda lines: [*lines[:3], lines[3][:9]],  # ... or a part of it only
        lambda lines: [*lines[:3], "1"],  # which could be taken for the line of another epoch
        lambda lines: [lines[0][:7]],
        lambda lines: [],
    ],
    ids=["missing", "torn", "another", "header", "empty"],
)
def test_a_log_is_complete_whatever_a_stopped_run_left(tmp_path, left):
    whole, path = tmp_path / "whole", tmp_path / "log.csv"
    network().fit(X, Y, epochs=4, verbose=0, callbacks=[CSVLogger(whole)])
    lines = whole.read_bytes().decode().splitlines(keepends=True)
    model = network()
    model.fit(X, Y, epochs=3, verbose=0)
    path.write_bytes("".join(left(lines)).encode())
    model.fit(X, Y, epochs=4, initial_epoch=3, verbose=0, callbacks=[CSVLogger(path, append=True)])
    assert path.read_bytes() == whole.read_bytes()


def test_a_log_beside_a_backup(tmp_path):
    class Crash(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    def run(path, *more):
        callbacks = [CSVLogger(path, append=True), BackupAndRestore(tmp_path / "backup"), *more]
        network().fit(X, Y, epochs=4, verbose=0, callbacks=callbacks)
        return rows(path)

    whole = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "log", Crash())
    assert run(tmp_path / "log") == whole


def test_a_log_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(OSError, match=r"No such file or directory: .*nowhere"):
        network().fit(X, Y, verbose=0, callbacks=[CSVLogger(tmp_path / "nowhere" / "log.csv")])
    full = Path("/dev/full")
    if full.exists():
        with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
            network().fit(X, Y, verbose=0, callbacks=[CSVLogger(full)])


def test_a_damaged_log_is_refused(tmp_path):
    (tmp_path / "log.csv").write_text(f"epoch,{'x' * 140_000}\n")
    with pytest.raises(ValueError, match=r"log\.csv is damaged: field larger than"):
        network().fit(X, Y, verbose=0, callbacks=[CSVLogger(tmp_path / "log.csv", append=True)])


def test_model_checkpoint_after_every_epoch(tmp_path, capsys):
    model = network()
    keeper = ModelCheckpoint(tmp_path / "{epoch:02d}-{loss:.2f}", verbose=1)
    history = model.fit(X, Y, epochs=2, verbose=0, callbacks=[keeper])
    names = [f"{i + 1:02d}-{loss:.2f}" for i, loss in enumerate(history.history["loss"])]
    assert sorted(p.name for p in tmp_path.iterdir()) == names
    assert f"Epoch 2: saved {tmp_path / names[1]}" in capsys.readouterr().out
    assert [load_model(tmp_path / name).epoch for name in names] == [1, 2]
    for a, b in zip(
        load_model(tmp_path / names[1]).get_weights(), model.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("monitor", "mode", "saves"),
    [
        ("val_accuracy", "auto", [0, 1, 4]),
        ("acc", "auto", [0, 1, 4]),
        ("val_loss", "auto", [0, 2]),
        ("val_loss", "max", [0, 1, 4]),
        ("val_accuracy", "min", [0, 2]),
    ],
)
def test_only_the_best_is_saved(tmp_path, monitor, mode, saves):
    """A value that is equal, or no number, beats nothing."""
    model = network()
    keeper = ModelCheckpoint(tmp_path / "{epoch}", monitor, save_best_only=True, mode=mode)
    keeper.set_model(model)
    keeper.on_train_begin({})
    for epoch, value in enumerate([0.5, 0.6, 0.4, float("nan"), 0.7, 0.7]):
        keeper.on_epoch_end(epoch, {monitor: value})
    assert sorted(int(p.name) - 1 for p in tmp_path.iterdir()) == saves


def test_weights_only(tmp_path):
    path = tmp_path / "a" / "folder" / "w"
    model = network()
    model.fit(X, Y, verbose=0, callbacks=[ModelCheckpoint(path, save_weights_only=True)])
    other = network()
    other.load_weights(path)
    np.testing.assert_array_equal(model.get_weights()[0], other.get_weights()[0])
    with pytest.raises(ValueError, match="received weights alone"):
        load_model(path)


def test_model_checkpoint_errors(tmp_path):
    with pytest.raises(ValueError, match=r"mode must be one of .*\(did you mean 'max'\?\)"):
        ModelCheckpoint(tmp_path / "x", mode="maxx")
    with pytest.raises(
        TypeError, match=r"received 'save_best' \(did you mean 'save_best_only'\?\)"
    ):
        ModelCheckpoint(tmp_path / "x", save_best=True)
    keeper = ModelCheckpoint(tmp_path / "x", "val_acc", save_best_only=True)
    with pytest.raises(ValueError, match="must be one of loss, accuracy; received 'val_acc'"):
        network().fit(X, Y, verbose=0, callbacks=[keeper])


def test_terminate_on_nan(capsys):
    x = X.copy()
    x[9] = np.inf
    model = network()
    history = model.fit(
        x, Y, batch_size=4, epochs=3, shuffle=False, verbose=0, callbacks=[TerminateOnNaN()]
    )
    assert history.epoch == [0]
    assert model.optimizer.iterations == 2
    assert all(np.isfinite(w).all() for w in model.get_weights())
    assert "Step 3: the loss is not finite" in capsys.readouterr().out


def test_a_line_for_each_epoch(capsys):
    network().fit(X, Y, epochs=2, validation_split=0.2, verbose=2)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    pattern = (
        r"Epoch 2/2 - \d+\.\ds - loss: \d\.\d{4} - accuracy: \d\.\d{4} - val_loss: .* - val_acc"
    )
    assert re.match(pattern, lines[1])


def test_a_bar_for_each_epoch(capsys):
    network().fit(X, Y, batch_size=4, epochs=2, validation_split=0.2, verbose=1)
    shown = capsys.readouterr().out.replace("\r", "\n")
    assert "Epoch 1/2 100%|" in shown
    assert re.search(r"step 2/2 loss: \d\.\d+ - accuracy: \d\.\d+ - val_loss: .* \d.*img/s", shown)


def test_screens(capsys):
    model = network()
    model.fit(X, Y, verbose="auto")  # captured: no terminal
    assert capsys.readouterr().out.startswith("Epoch 1/1 - ")
    model.evaluate(X, Y)
    assert capsys.readouterr().out.startswith("Evaluate - loss: ")
    model.evaluate(X, Y, verbose=1)
    assert "Evaluate 100%|" in capsys.readouterr().out
    model.predict(X)
    assert capsys.readouterr().out == ""
    model.predict(X, verbose=1)
    assert "Predict 100%|" in capsys.readouterr().out
    model.fit(X, Y, verbose=0)
    assert capsys.readouterr().out == ""
    model.fit(X, Y, verbose=0, callbacks=[ProgbarLogger(verbose=2)])
    assert capsys.readouterr().out.count("Epoch 1/1") == 1
