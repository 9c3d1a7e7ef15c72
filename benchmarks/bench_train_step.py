"""Steps of the table's network, training and inference, beside PyTorch in both layouts and Keras.

Ours and Keras's scale the pixels inside the step; PyTorch's images are scaled and laid out before.
"""

from __future__ import annotations

import _peers
import _table_peers
import numpy as np
import pytest
from _interleave import Call, Contest, run
from _shapes import CLASSES, IMAGE, batch

import fastconv.reference as reference
from fastconv.models import zoo

BATCH = 128


def contest(training: bool, size: int = BATCH) -> Contest:
    """One step on one batch; `work` counts images, so that rates are images per second."""
    x, y = batch(size)
    model = zoo.build("cifar10", IMAGE, CLASSES, seed=21)
    weights = [array.copy() for array in model.get_weights()]
    steps = _peers.in_layouts(lambda layout: torch_step(weights, x, y, layout, training))
    if _peers.keras() is not None:
        steps[_peers.KERAS] = keras_step(weights, x, y, training)

    def check() -> None:
        probabilities = model.predict(x, batch_size=size)
        assert np.abs(probabilities[:2] - forward(weights, x[:2])).max() < 1e-5
        for name, (_, theirs) in steps.items():
            assert np.abs(theirs - probabilities).max() < 1e-5, name

    def ours() -> None:
        if training:
            model.train_on_batch(x, y)
        else:
            model.predict_on_batch(x)

    calls = {name: call for name, (call, _) in steps.items()}
    return Contest("train" if training else "infer", ours, check, size * 1e9, calls)


def forward(weights: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    """The network by its definition, without dropout."""
    (w1, b1, w2, b2, w3, b3, w4, b4, w5, b5, w6, b6) = weights
    a = reference.relu(reference.conv2d(x / 255, w1, b1, 1, "same"))
    a = reference.relu(reference.conv2d(a, w2, b2, 1, "same"))
    a = reference.max_pool2d(a, 2)
    a = reference.max_pool2d(reference.relu(reference.conv2d(a, w3, b3, 1, "same")), 2)
    a = reference.max_pool2d(reference.relu(reference.conv2d(a, w4, b4, 1, "same")), 2)
    a = reference.relu(a.reshape(len(x), -1) @ w5.astype(np.float64) + b5)
    return reference.softmax(a @ w6.astype(np.float64) + b6)


def torch_step(
    weights: list[np.ndarray], x: np.ndarray, y: np.ndarray, layout: str, training: bool
) -> tuple[Call, np.ndarray]:
    """The same step in PyTorch, and its network's probabilities before training."""
    torch = _peers.torch
    model = _table_peers.pytorch_network(IMAGE, CLASSES, layout, as_published=False)
    _table_peers.set_pytorch_weights(model, weights, IMAGE)
    images, labels = _table_peers.pytorch_images(x, layout), torch.from_numpy(y)
    optimizer = torch.optim.Adam(model.parameters())
    with torch.inference_mode():
        probabilities = model.eval()(images).softmax(1).numpy()
    model.train(training)

    def train() -> None:
        optimizer.zero_grad(set_to_none=True)
        _table_peers.pytorch_loss(model(images), labels, as_published=False).backward()
        optimizer.step()

    def infer() -> None:
        with torch.inference_mode():
            model(images)

    return train if training else infer, probabilities


def keras_step(
    weights: list[np.ndarray], x: np.ndarray, y: np.ndarray, training: bool
) -> tuple[Call, np.ndarray]:
    """The same step in Keras on TensorFlow, and its network's probabilities before training."""
    model = _table_peers.keras_network(IMAGE, CLASSES, seed=21, as_published=False)
    model.set_weights(weights)
    probabilities = model.predict_on_batch(x)
    if training:
        return lambda: model.train_on_batch(x, y), probabilities
    return lambda: model.predict_on_batch(x), probabilities


@pytest.mark.parametrize("training", [True, False], ids=["train", "infer"])
def bench_step(benchmark, training):
    benchmark.group = "table's network, batch 128"
    run(benchmark, contest(training))
