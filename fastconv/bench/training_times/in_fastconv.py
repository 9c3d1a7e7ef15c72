"""fastconv's runs: of the table's network, and of a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fastconv import __version__
from fastconv.augment import View, predict_with_views
from fastconv.bench.training_times.training_run import (
    KEY,
    NETWORK,
    Images,
    RecipeRun,
    Task,
    TrainingRun,
    evaluated_accuracy,
)
from fastconv.kernels._isa import active
from fastconv.models import Model, load_model, zoo


class FastconvRun(TrainingRun):
    """What both kinds of run share: the file is a checkpoint of the model."""

    name = "fastconv"
    model: Model

    def save(self, path: Path, metadata: dict[str, Any]) -> None:
        self.model.user_metadata[KEY] = metadata
        self.model.save(path)

    def restore(self, path: Path) -> dict[str, Any]:
        self.model = load_model(path)
        return self.model.user_metadata[KEY]

    def version(self) -> str:
        return f"fastconv {__version__}, {active()}"


class FastconvTableRun(FastconvRun):
    """A run of the zoo's network, trained by `Model.fit`."""

    def __init__(self, task: Task, images: Images) -> None:
        super().__init__(task, images)
        self.model = zoo.build(
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
        return evaluated_accuracy(self.model, self.task, self.images)


class FastconvRecipeRun(FastconvRun, RecipeRun):
    """A run of a recipe, built and trained by `Recipe`."""

    def train(self, epoch: int) -> float:
        if epoch == 0:
            self.model = self.recipe.build(self.images.x_train, self.images.classes, self.task.seed)
        logs = self.recipe.train(self.model, self.batches, epoch)
        return logs["loss"] / self.recipe.batch_size  # the loss is a sum over the batch

    def details(self, epoch: int) -> dict[str, float]:
        signature = ((self.model.sample_shape, "uint8"),)
        with self.model.plans.training(self.recipe.batch_size, signature) as plan:
            flops = sum(cost.flops for cost in plan.costs()) * self.steps[epoch]
        return {**super().details(epoch), "flops": flops}

    def outputs(self, views: tuple[View, ...]) -> np.ndarray:
        size = self.recipe.batch_size
        return predict_with_views(self.model, self.images.x_test, views, batch_size=size)
