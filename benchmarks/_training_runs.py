"""The runs of peers for the table of training times: of its network, and of a recipe."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

import _airbench_peer
import _peers
import _table_peers
import numpy as np

from fastconv.augment import View, viewed
from fastconv.bench.training_times.training_run import (
    KEY,
    Images,
    RecipeRun,
    Task,
    TrainingRun,
    evaluated_accuracy,
)
from fastconv.models.files.tensors import read_tensors, write_tensors
from fastconv.recipes import AirBench

torch = _peers.torch


class PeerRun(TrainingRun):
    """A run of another library.

    Attributes
    ----------
    needs : tuple of str
        The modules that have to be installed.
    extra : str
        The extra of fastconv that installs them.
    """

    needs: tuple[str, ...]
    extra: str


class PyTorchRun(PeerRun):
    """A run in eager mode, without a compiler, in the layout that is faster on this machine.

    Its state is float32 arrays only.
    """

    name = _peers.TORCH
    needs = ("torch",)
    extra = "peers"
    trials = 2
    """How often each layout is tried."""

    def __init__(self, task: Task, images: Images) -> None:
        super().__init__(task, images)
        torch.set_num_threads(task.threads)
        self.layout = ""

    def begin(self) -> None:
        self.start(self.faster_layout())

    def start(self, layout: str) -> None:
        """Make the network in a layout, and its optimizer."""
        self.layout = layout
        torch.manual_seed(self.task.seed)
        self.make()

    @abstractmethod
    def make(self) -> None:
        """Make the network in `layout`, with weights drawn by PyTorch, and its optimizer."""

    @abstractmethod
    def step(self, x: np.ndarray, y: np.ndarray) -> float:
        """Train on a batch; returns its loss."""

    @abstractmethod
    def state(self) -> dict[str, np.ndarray]:
        """Views of all arrays, by name."""

    def progress(self) -> dict[str, Any]:
        """What `resume` needs besides the arrays."""
        return {}

    @abstractmethod
    def resume(self, progress: dict[str, Any]) -> None:
        """Make the arrays of `state` that a new run lacks, such as the optimizer's."""

    def save(self, path: Path, metadata: dict[str, Any]) -> None:
        description = {"user_metadata": {KEY: metadata}, "layout": self.layout, **self.progress()}
        write_tensors(path, self.state(), description)

    def restore(self, path: Path) -> dict[str, Any]:
        tensors, description = read_tensors(path)
        self.start(description["layout"])
        self.resume(description)
        for name, array in self.state().items():
            array[...] = tensors[name]
        return description["user_metadata"][KEY]

    def version(self) -> str:
        return f"PyTorch {torch.__version__}, {self.layout}"

    def faster_layout(self) -> str:
        """The faster layout, from a few steps in each, in turns."""
        seconds = dict.fromkeys(_peers.LAYOUTS, float("inf"))
        first = slice(self.task.batch_size)
        x, y = self.images.x_train[first], self.images.y_train[first]
        for _ in range(self.trials):
            for layout in seconds:
                self.start(layout)
                self.step(x, y)
                start = perf_counter()
                self.step(x, y)
                seconds[layout] = min(seconds[layout], perf_counter() - start)
        return min(seconds, key=lambda layout: seconds[layout])


class PyTorchTableRun(PyTorchRun):
    """A run of the table's network, with fused Adam."""

    trials = 3

    def make(self) -> None:
        shape, classes = self.images.shape, self.images.classes
        slips = self.task.as_published
        self.model = _table_peers.pytorch_network(shape, classes, self.layout, slips).train()
        self.optimizer = torch.optim.Adam(
            self.model.parameters(), lr=self.task.learning_rate(0), eps=1e-8, fused=True
        )

    def train(self, epoch: int) -> float:
        torch.manual_seed(self.task.seed + 1000 * (epoch + 1))  # the generator's state is not saved
        for group in self.optimizer.param_groups:
            group["lr"] = self.task.learning_rate(epoch)
        total = 0.0
        for rows in self.task.batches(len(self.images.x_train), epoch):
            loss = self.step(self.images.x_train[rows], self.images.y_train[rows])
            total += loss * len(rows)
        return total / len(self.images.x_train)

    def step(self, x: np.ndarray, y: np.ndarray) -> float:
        images = _table_peers.pytorch_images(x, self.layout)
        labels = torch.from_numpy(y.astype(np.int64))
        self.optimizer.zero_grad(set_to_none=True)
        loss = _table_peers.pytorch_loss(self.model(images), labels, self.task.as_published)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def test(self) -> float:
        right = 0
        self.model.eval()
        with torch.inference_mode():
            for k in range(0, len(self.images.x_test), self.task.batch_size):
                batch = slice(k, k + self.task.batch_size)
                images = _table_peers.pytorch_images(self.images.x_test[batch], self.layout)
                chosen = self.model(images).argmax(1).numpy()
                right += int((chosen == self.images.y_test[batch]).sum())
        self.model.train()
        return right / max(1, len(self.images.x_test))

    def state(self) -> dict[str, np.ndarray]:
        arrays = {}
        for name, parameter in self.model.named_parameters():
            arrays[f"weights/{name}"] = parameter.detach().numpy()
            for key, value in self.optimizer.state[parameter].items():
                arrays[f"{key}/{name}"] = value.numpy()
        return arrays

    def resume(self, progress: dict[str, Any]) -> None:
        for parameter in self.model.parameters():  # allocates the optimizer's state
            parameter.grad = parameter.detach() * 0
        self.optimizer.step()


class PyTorchRecipeRun(PyTorchRun, RecipeRun):
    """A run of a recipe, on the same batches as ours."""

    def __init__(self, task: Task, images: Images) -> None:
        super().__init__(task, images)
        if not isinstance(self.recipe, AirBench):
            raise TypeError(f"PyTorch: the recipe must be an AirBench; received {self.recipe!r}")
        self.airbench = self.recipe
        self.statistics = _airbench_peer.statistics(images.x_train)

    def make(self) -> None:
        self.model = _airbench_peer.network(
            self.airbench, self.images.x_train, self.images.classes, self.layout
        )
        self.training = _airbench_peer.Training(self.airbench, self.model, sum(self.steps))

    def train(self, epoch: int) -> float:
        if epoch == 0:  # the first epoch includes making the network, as in ours
            self.start(self.layout)
        first = self.model[0]
        first.bias.requires_grad_(epoch < self.airbench.bias_epochs)
        self.batches.epoch = epoch
        losses = []
        for _, (x, y) in zip(range(self.steps[epoch]), self.batches, strict=False):
            losses.append(self.step(x, y) / len(x))
        return sum(losses) / len(losses)

    def step(self, x: np.ndarray, y: np.ndarray) -> float:
        return self.training.step(self.scaled(x), torch.from_numpy(y.astype(np.int64)))

    def scaled(self, x: np.ndarray) -> Any:
        """uint8 images as inputs of the network: normalized, in its layout."""
        return _airbench_peer.scaled(x, *self.statistics, self.layout)

    def outputs(self, views: tuple[View, ...]) -> np.ndarray:
        self.model.train(False)
        total = sum(view.weight for view in views)
        parts = []
        with torch.inference_mode():
            for k in range(0, len(self.images.x_test), self.recipe.batch_size):
                x = self.images.x_test[k : k + self.recipe.batch_size]
                seen = [(self.model(self.scaled(viewed(x, v))), v.weight / total) for v in views]
                parts.append(sum(outputs * weight for outputs, weight in seen).numpy())
        self.model.train()
        return np.concatenate(parts)

    def state(self) -> dict[str, np.ndarray]:
        arrays = {f"weights/{n}": value.numpy() for n, value in self.model.state_dict().items()
                  if value.is_floating_point()}  # fmt: skip
        arrays |= {f"slow/{name}": value.numpy() for name, value in self.training.slow.items()}
        for name, parameter in self.model.named_parameters():
            momentum = self.training.momentum(parameter)
            if momentum is not None:
                arrays[f"momentum/{name}"] = momentum.numpy()
        return arrays

    def progress(self) -> dict[str, Any]:
        return {"taken": self.training.taken}

    def resume(self, progress: dict[str, Any]) -> None:
        self.training.resume(progress["taken"])


class KerasTableRun(PeerRun):
    """A run by Keras's `fit`, an epoch at a time, on Keras's backend."""

    name = _peers.KERAS
    needs = ("keras", _peers.keras_backend())
    extra = "tensorflow"

    def __init__(self, task: Task, images: Images) -> None:
        super().__init__(task, images)
        _peers.prepare_keras(task.threads)
        self.model = _table_peers.keras_network(
            images.shape, images.classes, task.seed, task.as_published
        )
        self.model.optimizer.build(self.model.trainable_variables)

    def train(self, epoch: int) -> float:
        for number, layer in enumerate(self.model.layers):
            if hasattr(layer, "seed_generator"):  # its state is not saved
                layer.seed_generator.state.assign([self.task.seed + epoch, number])
        self.model.optimizer.learning_rate = self.task.learning_rate(epoch)
        order = self.task.orders(len(self.images.x_train), epoch)
        history = self.model.fit(
            self.images.x_train[order],
            self.images.y_train[order],
            batch_size=self.task.batch_size,
            epochs=1,
            shuffle=False,
            verbose=0,
        )
        return history.history["loss"][-1]

    def test(self) -> float:
        return evaluated_accuracy(self.model, self.task, self.images)

    def save(self, path: Path, metadata: dict[str, Any]) -> None:
        description = {
            "user_metadata": {KEY: metadata},
            "iterations": int(self.model.optimizer.iterations.numpy()),
        }
        tensors = {name: variable.numpy() for name, variable in self._state().items()}
        write_tensors(path, tensors, description)

    def restore(self, path: Path) -> dict[str, Any]:
        tensors, description = read_tensors(path)
        for name, variable in self._state().items():
            variable.assign(tensors[name].reshape(variable.shape))
        self.model.optimizer.iterations.assign(description["iterations"])
        return description["user_metadata"][KEY]

    def version(self) -> str:
        backend = _peers.keras_backend()
        name = {"tensorflow": "TensorFlow", "torch": "PyTorch"}.get(backend, backend)
        return f"Keras {version('keras')} on {name} {version(backend)}"

    def _state(self) -> dict[str, Any]:
        """Weights and the optimizer's float32 variables, by index."""
        variables = [*self.model.weights, *self.model.optimizer.variables]
        return {f"{i:03}": v for i, v in enumerate(variables) if v.dtype == "float32"}


TABLE: tuple[type[PeerRun], ...] = (PyTorchTableRun, KerasTableRun)
RECIPES: tuple[type[PeerRun], ...] = (PyTorchRecipeRun,)


def installed(programs: Sequence[type[PeerRun]]) -> list[type[PeerRun]]:
    """Those whose libraries are installed; prints how to install the others."""
    found = []
    for program in programs:
        if all(find_spec(module) for module in program.needs):
            found.append(program)
        else:
            print(f"{program.name} is not installed: pip install 'fastconv[{program.extra}]'")
    return found
