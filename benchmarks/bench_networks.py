"""Training steps of whole networks beside PyTorch in both layouts, on images of 32x32 pixels.

Every network starts with the same weights on both sides, and their outputs are compared first. Both
are trained by gradient descent with Nesterov's momentum and weight decay. Ours scales the pixels
inside the step; PyTorch's images are scaled and laid out before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import _network_peers
import _peers
import numpy as np
import pytest
from _interleave import Call, Contest, run
from _shapes import CLASSES, IMAGE, batch

from fastconv.models import zoo
from fastconv.models.zoo.mobilenet_v2 import STAGES
from fastconv.optimizers import SGD


def _of_the_zoo(name: str) -> Callable[[], Any]:
    return lambda: zoo.build(name, IMAGE, CLASSES, seed=21)


NETWORKS: dict[str, tuple[Callable[[], Any], Callable[[], Any], int]] = {
    "ResNet-18, CIFAR form": (
        _of_the_zoo("cifar_resnet18"),
        lambda: _network_peers.resnet(18),
        128,
    ),
    "MobileNetV2, CIFAR form": (
        _of_the_zoo("cifar_mobilenet_v2"),
        lambda: _network_peers.mobilenet_v2(STAGES),
        128,
    ),
    "ResNet-50, CIFAR form": (
        _of_the_zoo("cifar_resnet50"),
        lambda: _network_peers.resnet(50),
        64,
    ),
}
"""Makers of ours and PyTorch's, and the batch size."""


def contest(name: str, size: int | None = None) -> Contest:
    """One training step on one batch; `work` counts images, so that rates are images per second."""
    make, make_peer, usual = NETWORKS[name]
    size = size or usual
    x, y = batch(size)
    model = make()
    model.compile(
        SGD(1e-3, momentum=0.9, nesterov=True, weight_decay=1e-3),
        "sparse_categorical_crossentropy",
    )
    few = x[:8]
    ours = model.predict(few, batch_size=len(few))
    steps = _peers.in_layouts(lambda layout: torch_step(make_peer(), model, few, x, y, layout))

    def check() -> None:
        for name, (_, theirs) in steps.items():
            assert np.abs(theirs - ours).max() < 1e-4, name

    calls = {name: call for name, (call, _) in steps.items()}
    return Contest(name, lambda: model.train_on_batch(x, y), check, size * 1e9, calls)


def torch_step(
    model: Any, ours: Any, few: np.ndarray, x: np.ndarray, y: np.ndarray, layout: str
) -> tuple[Call, np.ndarray]:
    """The same step in PyTorch, and its network's probabilities for `few` images."""
    torch = _peers.torch
    _network_peers.set_weights(model, ours.layers)
    model = model.to(memory_format=_peers.memory_format(layout))

    def images(x: np.ndarray) -> Any:
        return _peers.torch_image(x.astype(np.float32) / np.float32(127.5) - 1, layout)

    with torch.inference_mode():
        probabilities = model.train(False)(images(few)).softmax(1).numpy()
    inputs, labels = images(x), torch.from_numpy(y)
    model.train()
    learning = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(learning, 1e-3, 0.9, nesterov=True, weight_decay=1e-3)

    def train() -> None:
        optimizer.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()

    return train, probabilities


@pytest.mark.parametrize("name", NETWORKS)
def bench_network(benchmark, request, name):
    size = 2 if request.config.getoption("--quick", default=False) else NETWORKS[name][2]
    benchmark.group = f"{name}, batch {size}"
    run(benchmark, contest(name, size))
