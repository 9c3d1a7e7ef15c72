"""The table's network in Keras, on TensorFlow unless KERAS_BACKEND names another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastconv.bench import keras_tensorflow
from fastconv.bench.table.program import KEY, Program
from fastconv.bench.table.task import Images, Task
from fastconv.models.files.tensors import read_tensors, write_tensors


class InKeras(Program):
    """Trained by Keras's own `fit`, an epoch at a time."""

    name = "Keras"

    def __init__(self, task: Task, images: Images) -> None:
        super().__init__(task, images)
        keras_tensorflow.prepare_keras(task.threads)
        self.model = keras_tensorflow.network(
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
        logs = self.model.evaluate(
            self.images.x_test,
            self.images.y_test,
            batch_size=self.task.batch_size,
            verbose=0,
            return_dict=True,
        )
        return logs["accuracy"]

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
        from importlib.metadata import version

        backend = keras_tensorflow.backend()
        name = {"tensorflow": "TensorFlow", "torch": "PyTorch"}.get(backend, backend)
        return f"Keras {version('keras')} on {name} {version(backend)}"

    def _state(self) -> dict[str, Any]:
        """Weights and the optimizer's variables of floats, by number."""
        variables = [*self.model.weights, *self.model.optimizer.variables]
        return {f"{i:03}": v for i, v in enumerate(variables) if v.dtype == "float32"}
