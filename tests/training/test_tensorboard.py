"""What the callback for TensorBoard writes, read back."""

import struct

import numpy as np
import pytest

from fastconv.callbacks import TensorBoard
from fastconv.callbacks.tensorboard_graph import picture
from fastconv.layers import Add, Dense, Input
from fastconv.models import Model, Sequential

RNG = np.random.default_rng(0)
X = RNG.standard_normal((12, 4)).astype(np.float32)
Y = RNG.integers(0, 3, 12)


def network():
    model = Sequential([Input((4,)), Dense(3, activation="softmax")], seed=1)
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    return model


def records(folder):
    """The events in a folder's event file."""
    from tensorboardX.proto.event_pb2 import Event

    (file,) = folder.iterdir()
    data, at = file.read_bytes(), 0
    while at < len(data):  # a record: its length, a checksum, the event, a checksum
        (length,) = struct.unpack_from("<Q", data, at)
        yield Event.FromString(data[at + 12 : at + 12 + length])
        at += 12 + length + 4


def events(folder):
    """{name: [(step, value), ...]} of the scalars in a folder's event file, and other names."""
    scalars, others = {}, set()
    for event in records(folder):
        for value in event.summary.value:
            if value.HasField("simple_value"):
                scalars.setdefault(value.tag, []).append((event.step, value.simple_value))
            else:
                others.add(value.tag)
    return scalars, others


@pytest.mark.peers
def test_tensorboard(tmp_path):
    pytest.importorskip("tensorboardX", reason="tensorboardX is not installed")
    board = TensorBoard(tmp_path, histogram_freq=1, update_freq=2)
    model = network()
    how = {"batch_size": 3, "epochs": 2, "validation_split": 0.25, "verbose": 0}
    history = model.fit(X, Y, callbacks=[board], **how).history
    train, weights = events(tmp_path / "train")
    held, _ = events(tmp_path / "validation")
    steps = model.optimizer.iterations
    assert [step for step, _ in train.pop("batch_loss")] == list(range(2, steps + 1, 2))
    assert len(train.pop("batch_accuracy")) == steps // 2
    for part, found in (("", train), ("val_", held)):
        assert set(found) == {"epoch_loss", "epoch_accuracy"}
        for name in ("loss", "accuracy"):
            expected = list(enumerate(np.float32(history[part + name]).tolist()))
            assert found[f"epoch_{name}"] == expected
    assert weights == {parameter.name for parameter in model.parameters}


@pytest.mark.peers
def test_tensorboard_shows_the_graph_and_the_kernels(tmp_path):
    pytest.importorskip("tensorboardX", reason="tensorboardX is not installed")
    from tensorboardX.proto.graph_pb2 import GraphDef

    block = Sequential([Input((4,)), Dense(4), Dense(4)], name="block")
    x = Input((4,), name="rows")
    model = Model(x, Add()([block(block(x)), x]), seed=1)
    model.compile("sgd", "mse")
    board = TensorBoard(
        tmp_path, histogram_freq=1, write_images=True, write_steps_per_second=True, profile_batch=0
    )
    model.fit(X, X, verbose=0, callbacks=[board])
    (graph,) = (
        GraphDef.FromString(e.graph_def) for e in records(tmp_path / "train") if e.graph_def
    )
    assert {node.name: (node.op, list(node.input)) for node in graph.node} == {
        "rows": ("Input", []),
        "block/dense": ("Dense", ["rows"]),
        "block/dense_1": ("Dense", ["block/dense"]),
        "block_call_1/dense": ("Dense", ["block/dense_1"]),
        "block_call_1/dense_1": ("Dense", ["block_call_1/dense"]),
        "add": ("Add", ["block_call_1/dense_1", "rows"]),
    }
    scalars, others = events(tmp_path / "train")
    assert scalars["epoch_steps_per_second"][0][1] > 0
    kernels = {"block/dense/kernel", "block/dense_1/kernel"}
    assert {name for name in others if name.endswith("/image")} == {f"{k}/image" for k in kernels}


def test_pictures_of_kernels():
    kernel = np.arange(2 * 3 * 2 * 4.0).reshape(2, 3, 2, 4)
    shown = picture(kernel)
    assert shown.shape == (2 * 2, 4 * 3)
    assert (shown.min(), shown.max()) == (0, 1)
    np.testing.assert_allclose(shown[2:4, 3:6] * kernel.max(), kernel[:, :, 1, 1])
    assert (
        picture(np.arange(6.0).reshape(2, 3)).tolist() == (np.arange(6).reshape(2, 3) / 5).tolist()
    )
    assert picture(np.ones((2, 2))).tolist() == [[0, 0], [0, 0]]
    assert picture(np.ones(3)) is None
