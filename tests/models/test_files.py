"""Files: what comes back, and every way in which a file can be damaged or foreign."""

import json
import os
import re
import struct

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from fastconv import initializers
from fastconv.layers import Conv2D, Dense, Dropout, Flatten, Input, Layer, Rescaling
from fastconv.models import Sequential, load_model, model_from_json
from fastconv.models.files import description, tensors
from fastconv.models.files.tensors import read_tensors, write_tensors
from fastconv.optimizers import SGD, Adam

X = np.random.default_rng(0).integers(0, 256, (12, 6, 6, 1), np.uint8)
Y = np.arange(12) % 3


def network(seed=1, optimizer="adam"):
    model = Sequential(
        [
            Input((6, 6, 1)),
            Rescaling(1 / 255),
            Conv2D(3, 3, activation="relu", kernel_initializer="he_normal"),
            Dropout(0.25),
            Flatten(),
            Dense(3, activation="softmax"),
        ],
        seed=seed,
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", ["accuracy"])
    return model


def trained(**how):
    model = network(**how)
    model.fit(X, Y, batch_size=5, epochs=2, verbose=0)
    return model


def assert_same_weights(a, b):
    for x, y in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("optimizer", [Adam(0.01, epsilon=1e-8), SGD(0.1, momentum=0.9), "sgd"])
def test_everything_comes_back(tmp_path, optimizer):
    model = trained(optimizer=optimizer)
    model.user_metadata = {"classes": ["a", "b", "ü"], "scale": 0.1}
    model.save(tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    assert_same_weights(model, again)
    np.testing.assert_array_equal(model.predict(X), again.predict(X))
    assert again.get_config() == model.get_config()
    assert again.user_metadata == model.user_metadata
    assert again.epoch == model.epoch == 2
    assert again.history.history == model.history.history
    assert again.history.epoch == [0, 1]
    assert type(again.optimizer) is type(model.optimizer)
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert again.optimizer.iterations == 6
    assert again.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    for one, other in zip(
        model.optimizer.slots().values(), again.optimizer.slots().values(), strict=True
    ):
        for a, b in zip(one.values(), other.values(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_model_before_any_step_comes_back(tmp_path):
    model = network()
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert_same_weights(model, again)
    assert again.optimizer.iterations == again.epoch == 0


def test_a_model_that_was_not_compiled_comes_back(tmp_path):
    model = Sequential([Input((4,)), Dense(2), Dense(1)], name="mine", seed=3)
    model.layers[0].trainable = False
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert_same_weights(model, again)
    assert again.name == "mine"
    assert [p.trainable for p in again.weights] == [False, False, True, True]
    with pytest.raises(ValueError, match="must be compiled first"):
        again.fit(np.zeros((2, 4)), np.zeros((2, 1)))


def test_models_within_models_come_back(tmp_path):
    inner = Sequential([Dense(4, activation="relu"), Dropout(0.5)])
    model = Sequential([Input((3,)), inner, Dense(2)], seed=1)
    model.compile("adam", "mse")
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    x, y = np.random.default_rng(0).random((2, 8, 3), np.float32)
    for either in (model, again):
        either.fit(x, y[:, :2], epochs=2, verbose=0)
    assert_same_weights(model, again)


class Twice(Layer):
    def emit(self, graph, x):
        return graph.affine(x, 2.0, 0.0)


def test_a_users_own_layer_is_passed_in(tmp_path):
    model = Sequential([Input((3,)), Twice(), Dense(1)])
    path = tmp_path / "model"
    model.save(path)
    with pytest.raises(ValueError, match="model: the configuration in the file is not valid"):
        load_model(path)
    again = load_model(path, custom_objects={"Twice": Twice})
    np.testing.assert_array_equal(again.predict(np.ones((1, 3))), model.predict(np.ones((1, 3))))


def test_weights_alone(tmp_path):
    model, path = trained(), tmp_path / "weights.safetensors"
    model.save_weights(path)
    other = network(seed=2)
    other.load_weights(path)
    assert_same_weights(model, other)
    with pytest.raises(ValueError, match=re.escape(f"{path}: the file must hold a model's config")):
        load_model(path)
    whole = tmp_path / "whole"
    model.save(whole)
    third = network(seed=3)
    third.load_weights(whole)
    assert_same_weights(model, third)


def test_weights_from_another_program(tmp_path):
    model, path = trained(), tmp_path / "plain.safetensors"
    save_file({p.name: p.value.astype(np.float64) for p in model.weights}, path)
    other = network(seed=2)
    other.load_weights(path)
    assert_same_weights(model, other)


def refused(model, path, message):
    """Loading names the file, says what is wrong, and leaves the model alone."""
    before = model.get_weights()
    with pytest.raises(ValueError, match=re.escape(f"{path}: ") + ".*" + re.escape(message)):
        model.load_weights(path)
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def changed(path, change):
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)


WRONG = [
    (lambda t: t.pop("dense/bias"), "the file lacks tensors: dense/bias"),
    (lambda t: t.update(extra=np.ones(1)), "the file has unexpected tensors: extra"),
    (lambda t: t.update({"dense/bias": np.ones(4, np.float32)}), "must be of shape (3,) and hold"),
    (lambda t: t.update({"dense/bias": np.ones(3, np.int32)}), "received (3,) of int32"),
]


@pytest.mark.parametrize(("change", "message"), WRONG, ids=[m for _, m in WRONG])
def test_wrong_tensors(tmp_path, change, message):
    model, path = trained(), tmp_path / "weights"
    model.save_weights(path)
    changed(path, change)
    refused(model, path, message)


@pytest.mark.parametrize("keep", [0, 4, 8, 100, 1000, -1])
def test_truncated(tmp_path, keep):
    model, path = trained(), tmp_path / "model"
    model.save(path)
    path.write_bytes(path.read_bytes()[:keep])
    refused(model, path, "the file is damaged, truncated, or no safetensors file")
    with pytest.raises(ValueError, match="damaged, truncated, or no safetensors file"):
        load_model(path)


def test_every_flipped_bit_is_noticed(tmp_path):
    model, path = trained(), tmp_path / "model"
    model.save(path)
    whole = path.read_bytes()
    (header,) = struct.unpack("<Q", whole[:8])
    rng = np.random.default_rng(0)
    start = 8 + header
    in_header, in_data = rng.integers(8, start, 60), rng.integers(start, len(whole), 40)
    for place in {0, 1, 7, *in_header, *in_data}:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=re.escape(str(path))):
            load_model(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip", b"\x80\x04pickle", b"{}" * 50])
def test_foreign_files(tmp_path, content):
    path = tmp_path / "foreign"
    path.write_bytes(content)
    refused(trained(), path, "the file is damaged, truncated, or no safetensors file")


def test_no_such_file(tmp_path):
    for load in (load_model, trained().load_weights):
        with pytest.raises(FileNotFoundError, match=r"nothing: there is no such file"):
            load(tmp_path / "nothing")


def rewritten(path, change):
    """The same file with another description, and a checksum that fits."""
    tensors, description = read_tensors(path)
    change(description)
    write_tensors(path, tensors, description)


ALTERED = [
    (lambda d: d["model"].update({"class": "os.system"}), "unknown class 'os.system'"),
    (lambda d: d["model"]["config"]["layers"][1].update({"class": "Conv3D"}), "mean 'Conv2D'?"),
    (lambda d: d["model"]["config"]["layers"][1]["config"].update(filters=5), "must be of shape"),
    (lambda d: d["model"]["config"]["layers"][1]["config"].update(filters=-5), "at least 1"),
    (lambda d: d["model"]["config"]["layers"][1]["config"].update(filtres=5), "mean 'filters'?"),
    (lambda d: d["model"]["config"].pop("layers"), "begin it with Input(shape)"),
    (lambda d: d["compile"].update(optimizer="adamm"), "did you mean 'adam'?"),
    (
        lambda d: d["compile"].update(loss_weights=[]),
        "for each of the 1 outputs; received 0",
    ),
    (lambda d: d["compile"].update(optimizer="sgd"), "has unexpected tensors: optimizer/"),
    (lambda d: d.pop("training"), "'training'"),
    (lambda d: d["training"].update(epoch="x"), "epoch must be a whole number; received 'x'"),
    (lambda d: d["training"].update(epoch=float("inf")), "a whole number; received inf"),
    (lambda d: d["training"].update(epoch=2**63), "at least 0 and below 2**63"),
    (lambda d: d["training"].update(epochs=3), "epochs must be a list; received 3"),
    (lambda d: d["training"].update(history={"loss": ["x"]}), "loss must be floats; received"),
    (lambda d: d["training"].update(history={"loss": [2**63]}), "loss must be floats; received"),
    (lambda d: d["training"].pop("iterations"), "it lacks 'iterations'"),
    (lambda d: d.update(training=3), "training must be a dictionary; received 3"),
    (lambda d: d.update(model=["Sequential"]), "described by a class and a config"),
    (lambda d: d["model"].update({"class": "Dense", "config": {"units": 3}}), "must be a model"),
]


@pytest.mark.parametrize(("change", "message"), ALTERED, ids=[m for _, m in ALTERED])
def test_descriptions_that_are_not_valid(tmp_path, change, message):
    path = tmp_path / "model"
    trained().save(path)
    rewritten(path, change)
    with pytest.raises(ValueError, match=re.escape(f"{path}: ") + ".*" + re.escape(message)):
        load_model(path)


def nested(value, times):
    for _ in range(times):
        value = [value]
    return value


def test_what_is_nested_too_deeply_is_neither_written_nor_read(tmp_path, monkeypatch):
    model, path = trained(), tmp_path / "model"
    model.user_metadata = {"deep": nested(1, 99)}
    model.save(path)
    assert load_model(path).user_metadata == model.user_metadata
    for times in (100, 100_000):
        model.user_metadata = {"deep": nested(1, times)}
        with pytest.raises(ValueError, match="must lie in each other at most 100 deep"):
            model.save(tmp_path / "other")
        monkeypatch.setattr(tensors, "json_text", lambda value: DEEP if value == 3 else "{}")
        write_tensors(tmp_path / "deep", {}, {"user_metadata": 3})
        monkeypatch.undo()
        with pytest.raises(ValueError, match="deep: the file is damaged: lists and dict"):
            load_model(tmp_path / "deep")
    with pytest.raises(ValueError, match="model_from_json: the text must be JSON; received lists"):
        model_from_json(DEEP)
    assert not (tmp_path / "other").exists()


DEEP = "[" * 20_000 + "]" * 20_000


def test_models_in_models_as_deep_as_a_file_may_be(tmp_path):
    model = Sequential([Input((3,)), Dense(2)])
    for _ in range(22):
        model = Sequential([Input((3,)), model])
    model.save(tmp_path / "model")
    assert_same_weights(model, load_model(tmp_path / "model"))


def test_a_long_text_is_not_read(tmp_path, monkeypatch):
    model, path = trained(), tmp_path / "model"
    model.save(path)
    monkeypatch.setattr(description, "MOST_CHARACTERS", 100)
    with pytest.raises(ValueError, match="model: the file is damaged: a text must have at most"):
        load_model(path)
    with pytest.raises(ValueError, match="a text must have at most 100 characters"):
        model.save(path)


def test_no_weight_is_made_that_the_file_has_no_tensor_for(tmp_path, monkeypatch):
    path = tmp_path / "model"
    small = Sequential([Input((1000,)), Dense(3)])
    small.save(path)
    rewritten(path, lambda d: d["model"]["config"]["layers"][0]["config"].update(units=10**8))
    monkeypatch.setattr(initializers.GlorotUniform, "draw", None)
    with pytest.raises(ValueError, match=r"model: .*one of shape \(1000, 100000000\)"):
        load_model(path)
    monkeypatch.undo()
    Sequential([Input((1000,)), *(Dense(1000) for _ in range(3))]).save(path)
    rewritten(path, lambda d: d["model"]["config"].update(layers=[
        {"class": "Dense", "config": {"units": 1000}} for _ in range(10)
    ]))  # fmt: skip
    with pytest.raises(ValueError, match=r"model: .*one of shape \(1000, 1000\)"):
        load_model(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("training"), "it lacks 'training'"),
        (lambda d: d.pop("compile"), "it lacks 'compile'"),
        (lambda d: d.update(compile=3), "what has optimizer must be a dictionary; received 3"),
        (lambda d: d["compile"]["optimizer"]["config"].update(learning_rate=-1.0), "learning_rate"),
        (lambda d: d["training"].update(iterations=-1), "iterations must be at least 0"),
        (lambda d: d["training"].pop("iterations"), "it lacks 'iterations'"),
        (lambda d: d["training"].update(batches_done=7), "batches_done must be at most iterations"),
        (lambda d: d["training"].update(batches_done=1.5), "batches_done must be a whole number"),
    ],
)
def test_restoring_what_is_not_valid_changes_nothing(tmp_path, change, message):
    path, model = tmp_path / "model", trained()
    trained().save(path)
    rewritten(path, change)
    before, steps = model.get_weights(), model.optimizer.iterations
    for parameter in model.weights:
        parameter.value = parameter.value + 1
    with pytest.raises(ValueError, match=re.escape(f"{path}: ") + ".*" + re.escape(message)):
        model.restore_training(path)
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then + 1)
    assert model.optimizer.iterations == steps


def test_no_optimizers_array_is_made_that_the_file_has_not(tmp_path):
    path = tmp_path / "model"
    model = Sequential([Input((1000,)), Dense(1100)])
    model.compile(SGD(0.1), "mse")
    model.save(path)
    rewritten(path, lambda d: d["compile"].update(optimizer={"class": "Adam", "config": {}}))
    with pytest.raises(ValueError, match="lacks tensors: Adam keeps 2,202,200 numbers; received 0"):
        load_model(path)
    load_model(path, compile=False)


def test_weights_that_a_callback_kept_must_be_the_models(tmp_path):
    path, model = tmp_path / "model", trained()
    model.kept_weights = {"dense/bias": np.ones(3, np.float32)}
    model.save(path)
    for load in (load_model, trained().restore_training):
        with pytest.raises(ValueError, match=r"model: .*the file lacks tensors: kept/"):
            load(path)


def test_the_older_file_survives_a_failure(tmp_path, monkeypatch):
    model, path = trained(), tmp_path / "model"
    model.save(path)
    before = path.read_bytes()
    model.fit(X, Y, epochs=1, verbose=0)

    def full(*_):
        raise OSError(28, "No space left on device")

    for name in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, full)
            with pytest.raises(OSError, match="No space left"):
                model.save(path)
        assert path.read_bytes() == before
        assert [p.name for p in tmp_path.iterdir()] == ["model"]
    model.user_metadata = {"not json": object()}
    with pytest.raises(TypeError, match="not JSON serializable"):
        model.save(path)
    assert path.read_bytes() == before
    with pytest.raises(FileNotFoundError):
        model.save_weights(tmp_path / "no folder" / "model")


def test_permissions_are_those_of_a_new_file_or_of_the_older_one(tmp_path):
    model, path = network(), tmp_path / "model"
    model.save(path)
    (tmp_path / "plain").touch()
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode
    path.chmod(0o600)
    model.save(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_model_that_is_not_built_has_nothing_to_save(tmp_path):
    for save in (Sequential([Dense(3)]).save, Sequential([Dense(3)]).save_weights):
        with pytest.raises(ValueError, match="the model must be built first"):
            save(tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_no_pickle_and_readable_by_others(tmp_path):
    trained().save(tmp_path / "model")
    content = (tmp_path / "model").read_bytes()
    (size,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + size])
    assert header["__metadata__"]["format"] == "fastconv 1"
    assert header["conv2d/kernel"]["dtype"] == "F32"
