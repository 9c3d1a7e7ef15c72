"""The table's network in fastconv."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastconv import __version__
from fastconv.bench.table.program import KEY, Program
from fastconv.bench.table.task import NETWORK, Images, Task
from fastconv.kernels._isa import active
from fastconv.models import Model, load_model, zoo


class Ours(Program):
    """Built from the zoo, trained by `Model.fit`; its file is a checkpoint like any other."""

    name = "fastconv"

    def __init__(self, task: Task, images: Images) -> None:
        super().__init__(task, images)
        self.model: Model = zoo.build(
            NETWORK, images.shape, images.classes, task.seed, as_published=task.as_published
        )

    def train(self, epoch: int) -> float:
        self.model.optimizer.learning_rate = self.task.learning_rate(epoch)
        history = self.model.fit(
            self.images.x_train,
            self.images.y_train,
            batch_size=self.task.batch_size,
            initial_epoch=epoch,
            epochs=epoch + 1,
            shuffle=self.task.shuffle,
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
        self.model.user_metadata[KEY] = metadata
        self.model.save(path)

    def restore(self, path: Path) -> dict[str, Any]:
        self.model = load_model(path)
        return self.model.user_metadata[KEY]

    def version(self) -> str:
        return f"fastconv {__version__}, {active()}"
