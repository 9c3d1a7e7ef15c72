"""Steps of the recipes beside PyTorch in both layouts: loss, optimizer and averages included.

Both start with the same weights, and their outputs are compared first. Ours scales the pixels
inside the step; PyTorch's images are scaled and laid out before.
"""

from __future__ import annotations

import dataclasses

import _airbench_peer
import _peers
import numpy as np
import pytest
from _interleave import Call, Contest, run
from _shapes import CLASSES, batch

from fastconv import recipes

STEPS = 1_000_000  # of the whole run, so that the learning rate stays small in the measured ones


def contest(name: str, size: int | None = None) -> Contest:
    """One training step on one batch; `work` counts images, so that rates are images per second."""
    recipe = recipes.get(name)
    recipe = dataclasses.replace(recipe, batch_size=size or recipe.batch_size)
    x, y = batch(recipe.batch_size)
    model = recipe.network(x, CLASSES, seed=21)
    recipe.prepare(model, STEPS * recipe.batch_size)
    few = x[:8]
    ours = model.predict(few, batch_size=len(few))
    weights = model.get_weights()
    steps = _peers.in_layouts(lambda layout: torch_step(recipe, weights, x, y, few, layout))

    def check() -> None:
        for name, (_, theirs) in steps.items():
            assert np.abs(theirs - ours).max() < 1e-3 * np.abs(ours).max(), name

    calls = {name: call for name, (call, _) in steps.items()}
    work = recipe.batch_size * 1e9
    return Contest(name, lambda: model.train_on_batch(x, y), check, work, calls)


def torch_step(
    recipe: recipes.AirBench,
    weights: list[np.ndarray],
    x: np.ndarray,
    y: np.ndarray,
    few: np.ndarray,
    layout: str,
) -> tuple[Call, np.ndarray]:
    """The same step in PyTorch, and its network's outputs for `few` images."""
    torch = _peers.torch
    model = _airbench_peer.network(recipe, x, CLASSES, layout)
    _airbench_peer.set_weights(model, weights)
    statistics = _airbench_peer.statistics(x)
    with torch.inference_mode():
        outputs = model.train(False)(_airbench_peer.scaled(few, *statistics, layout)).numpy()
    model.train()
    training = _airbench_peer.Training(recipe, model, STEPS)
    images, labels = _airbench_peer.scaled(x, *statistics, layout), torch.from_numpy(y)
    return lambda: training.step(images, labels), outputs


@pytest.mark.parametrize("name", recipes.NAMES)
def bench_recipe(benchmark, name, request):
    quick = request.config.getoption("--quick", default=False)
    size = 4 if quick else recipes.get(name).batch_size
    benchmark.group = f"{name}, batch {size}"
    run(benchmark, contest(name, size))
