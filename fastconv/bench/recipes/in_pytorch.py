"""A recipe in PyTorch, in the layout that is faster on this machine."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from fastconv.augment import View, viewed
from fastconv.bench.pytorch import LAYOUTS
from fastconv.bench.recipes import pytorch
from fastconv.bench.recipes.pytorch_training import Training
from fastconv.bench.recipes.run import RecipeRun
from fastconv.bench.table.program import KEY
from fastconv.bench.table.task import Images, Task
from fastconv.models.files.tensors import read_tensors, write_tensors
from fastconv.recipes import AirBench


class TorchRecipe(RecipeRun):
    """Trains in the plain way, without a compiler, on the same batches as ours."""

    name = "PyTorch"

    def __init__(self, task: Task, images: Images) -> None:
        import torch

        super().__init__(task, images)
        torch.set_num_threads(task.threads)
        self.layout = ""
        if not isinstance(self.recipe, AirBench):
            raise TypeError(f"PyTorch: the recipe must be an AirBench; received {self.recipe!r}")
        self.airbench = self.recipe
        self.statistics = pytorch.statistics(images.x_train)

    def begin(self) -> None:
        self._start(self._faster_layout())

    def train(self, epoch: int) -> float:
        if epoch == 0:  # making the network belongs to the first epoch, as in ours
            self._start(self.layout)
        first = self.model[0]
        first.bias.requires_grad_(epoch < self.airbench.bias_epochs)
        self.batches.epoch = epoch
        losses = []
        for _, (x, y) in zip(range(self.steps[epoch]), self.batches, strict=False):
            losses.append(self._step(x, y) / len(x))
        return sum(losses) / len(losses)

    def outputs(self, views: tuple[View, ...]) -> np.ndarray:
        import torch

        self.model.train(False)
        total = sum(view.weight for view in views)
        parts = []
        with torch.inference_mode():
            for k in range(0, len(self.images.x_test), self.recipe.batch_size):
                x = self.images.x_test[k : k + self.recipe.batch_size]
                seen = [(self.model(self._scaled(viewed(x, v))), v.weight / total) for v in views]
                parts.append(sum(outputs * weight for outputs, weight in seen).numpy())
        self.model.train()
        return np.concatenate(parts)

    def save(self, path: Path, metadata: dict[str, Any]) -> None:
        description = {
            "user_metadata": {KEY: metadata},
            "layout": self.layout,
            "taken": self.training.taken,
        }
        write_tensors(path, self._state(), description)

    def restore(self, path: Path) -> dict[str, Any]:
        tensors, description = read_tensors(path)
        self._start(description["layout"])
        self.training.resume(description["taken"])
        for name, array in self._state().items():
            array[...] = tensors[name]  # the state is made of views
        return description["user_metadata"][KEY]

    def version(self) -> str:
        import torch

        return f"PyTorch {torch.__version__}, {self.layout}"

    def _start(self, layout: str) -> None:
        import torch

        self.layout = layout
        torch.manual_seed(self.task.seed)
        self.model = pytorch.network(
            self.airbench, self.images.x_train, self.images.classes, layout
        )
        self.training = Training(self.airbench, self.model, sum(self.steps))

    def _scaled(self, x: np.ndarray) -> Any:
        return pytorch.scaled(x, *self.statistics, self.layout)

    def _step(self, x: np.ndarray, y: np.ndarray) -> float:
        import torch

        return self.training.step(self._scaled(x), torch.from_numpy(y.astype(np.int64)))

    def _faster_layout(self) -> str:
        """Measured over steps of each, in turns."""
        seconds = dict.fromkeys(LAYOUTS, float("inf"))
        x = self.images.x_train[: self.recipe.batch_size]
        y = self.images.y_train[: self.recipe.batch_size]
        for _ in range(2):
            for layout in seconds:
                self._start(layout)
                self._step(x, y)
                start = perf_counter()
                self._step(x, y)
                seconds[layout] = min(seconds[layout], perf_counter() - start)
        return min(seconds, key=lambda layout: seconds[layout])

    def _state(self) -> dict[str, np.ndarray]:
        """The network's arrays, the slow ones and the momentum, by name: views."""
        arrays = {f"weights/{n}": value.numpy() for n, value in self.model.state_dict().items()
                  if value.is_floating_point()}  # fmt: skip
        arrays |= {f"slow/{name}": value.numpy() for name, value in self.training.slow.items()}
        for name, parameter in self.model.named_parameters():
            momentum = self.training.momentum(parameter)
            if momentum is not None:
                arrays[f"momentum/{name}"] = momentum.numpy()
        return arrays
