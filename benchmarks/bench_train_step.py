"""Steps of the table's network, training and inference, beside PyTorch in both layouts."""

from __future__ import annotations

import _peers
import numpy as np
import pytest
from _interleave import Contest, run

import fastconv.reference as reference
from fastconv.models import zoo
from fastconv.optimizers import Adam

BATCH = 128


def contest(training: bool) -> Contest:
    """One step on one batch; `work` counts images, so that rates are images a second."""
    random = np.random.default_rng(21)
    x = random.integers(0, 256, (BATCH, 32, 32, 3), dtype=np.uint8)
    y = random.integers(0, 10, BATCH)
    model = zoo.build("cifar10", (32, 32, 3), 10, seed=21)
    model.compile(Adam(1e-3), "sparse_categorical_crossentropy", ["accuracy"])

    def check() -> None:
        expected = forward(model.get_weights(), x[:2])
        assert np.abs(model.predict(x, batch_size=BATCH, verbose=0)[:2] - expected).max() < 1e-5

    def ours() -> None:
        if training:
            model.train_on_batch(x, y)
        else:
            model.predict_on_batch(x)

    peers = {}
    if _peers.torch is not None:
        peers = {layout: torch_step(x, y, layout, training) for layout in _peers.LAYOUTS}
    return Contest("train" if training else "infer", ours, check, BATCH * 1e9, peers)


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


def torch_step(x: np.ndarray, y: np.ndarray, layout: str, training: bool):
    """The same step in PyTorch, its images already scaled and laid out."""
    torch, nn = _peers.torch, _peers.torch.nn
    kind = getattr(torch, _peers.LAYOUTS[layout])
    model = nn.Sequential(
        *(nn.Conv2d(3, 32, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25)),
        *(nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(128, 128, 2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Dropout(0.25), nn.Flatten(), nn.Linear(2048, 1500), nn.ReLU(), nn.Dropout(0.5)),
        nn.Linear(1500, 10),
    ).to(memory_format=kind)
    images = _peers.torch_image((x / 255).astype(np.float32), layout)
    labels = torch.from_numpy(y)
    optimizer = torch.optim.Adam(model.parameters())

    def train() -> None:
        optimizer.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()

    def infer() -> None:
        model.eval()
        with torch.inference_mode():
            model(images)

    return train if training else infer


@pytest.mark.parametrize("training", [True, False], ids=["train", "infer"])
def bench_step(benchmark, training):
    benchmark.group = "table's network, batch 128"
    run(benchmark, contest(training))
