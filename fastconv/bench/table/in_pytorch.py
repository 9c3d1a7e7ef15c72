"""The table's network in PyTorch, in the layout that is faster on this machine."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from fastconv.bench import pytorch
from fastconv.bench.table.program import KEY, Program
from fastconv.bench.table.task import Images, Task
from fastconv.models.files.tensors import read_tensors, write_tensors


class InPyTorch(Program):
    """Trains in the plain way: no compiler, fused Adam; the whole state is float32 arrays."""

    name = "PyTorch"

    def __init__(self, task: Task, images: Images) -> None:
        import torch

        super().__init__(task, images)
        torch.set_num_threads(task.threads)
        self.layout = ""

    def begin(self) -> None:
        self._start(self._faster_layout())

    def train(self, epoch: int) -> float:
        import torch

        torch.manual_seed(self.task.seed + 1000 * (epoch + 1))  # no generator's state is saved
        for group in self.optimizer.param_groups:
            group["lr"] = self.task.learning_rate(epoch)
        total = 0.0
        for rows in self.task.batches(len(self.images.x_train), epoch):
            total += self._step(rows) * len(rows)
        return total / len(self.images.x_train)

    def test(self) -> float:
        import torch

        right = 0
        self.model.eval()
        with torch.inference_mode():
            for k in range(0, len(self.images.x_test), self.task.batch_size):
                batch = slice(k, k + self.task.batch_size)
                sums = self.model(pytorch.images(self.images.x_test[batch], self.layout))
                right += int((sums.argmax(1).numpy() == self.images.y_test[batch]).sum())
        self.model.train()
        return right / max(1, len(self.images.x_test))

    def save(self, path: Path, metadata: dict[str, Any]) -> None:
        description = {"user_metadata": {KEY: metadata}, "layout": self.layout}
        write_tensors(path, self._state(), description)

    def restore(self, path: Path) -> dict[str, Any]:
        tensors, description = read_tensors(path)
        self._start(description["layout"])
        for parameter in self.model.parameters():  # makes the optimizer's state
            parameter.grad = parameter.detach() * 0
        self.optimizer.step()
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
        shape, classes = self.images.shape, self.images.classes
        self.model = pytorch.network(shape, classes, layout, self.task.as_published).train()
        self.optimizer = torch.optim.Adam(
            self.model.parameters(), lr=self.task.learning_rate(0), eps=1e-8, fused=True
        )

    def _step(self, rows: np.ndarray) -> float:
        import torch

        x = pytorch.images(self.images.x_train[rows], self.layout)
        y = torch.from_numpy(self.images.y_train[rows].astype(np.int64))
        self.optimizer.zero_grad(set_to_none=True)
        loss = pytorch.loss(self.model(x), y, self.task.as_published)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def _faster_layout(self) -> str:
        """Measured over a few steps of each, in turns."""
        seconds = dict.fromkeys(pytorch.LAYOUTS, float("inf"))
        rows = np.arange(min(self.task.batch_size, len(self.images.x_train)))
        for _ in range(3):
            for layout in seconds:
                self._start(layout)
                self._step(rows)
                start = perf_counter()
                self._step(rows)
                seconds[layout] = min(seconds[layout], perf_counter() - start)
        return min(seconds, key=lambda layout: seconds[layout])

    def _state(self) -> dict[str, np.ndarray]:
        """Weights and the optimizer's arrays by name: views."""
        arrays = {}
        for name, parameter in self.model.named_parameters():
            arrays[f"weights/{name}"] = parameter.detach().numpy()
            for key, value in self.optimizer.state[parameter].items():
                arrays[f"{key}/{name}"] = value.numpy()
        return arrays
