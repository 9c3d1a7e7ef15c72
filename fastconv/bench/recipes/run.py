"""What fastconv's run of a recipe and its twins' have in common."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fastconv import recipes
from fastconv.augment import Augmented, View
from fastconv.bench.table.program import Program
from fastconv.bench.table.task import Images, Task
from fastconv.utils.text import duration


class RecipeRun(Program):
    """A recipe from the first step to the last; its batches are those of `Recipe.batches`.

    Making the network belongs to the time of the first epoch, judging belongs to no time.
    """

    def __init__(self, task: Task, images: Images) -> None:
        super().__init__(task, images)
        self.recipe = recipe_of(task, len(images.x_train))
        self.batches: Augmented = self.recipe.batches(images.x_train, images.y_train, task.seed)
        self.steps = self.recipe.steps(len(images.x_train))

    def run(self, path: Path, until: int) -> None:
        before = len(self.epochs)
        super().run(path, until)
        if before < len(self.epochs) == self.task.epochs:
            last = self.epochs[-1]
            seconds = sum(epoch["training_seconds"] for epoch in self.epochs)
            print(
                f"{self.name}, {self.task.recipe}: test accuracy "
                f"{100 * last['views_accuracy']:.2f} % by {len(self.recipe.views)} views of each "
                f"image, {100 * last['test_accuracy']:.2f} % by one; trained for "
                f"{duration(seconds)}, tests excluded",
                flush=True,
            )

    def images_in(self, epoch: int) -> int:
        return self.steps[epoch] * self.recipe.batch_size

    @abstractmethod
    def outputs(self, views: tuple[View, ...]) -> np.ndarray:
        """The weighted mean of the network's outputs for the test images."""

    def test(self) -> float:
        return self._right((View(),))

    def details(self, epoch: int) -> dict[str, float]:
        last = epoch + 1 == self.task.epochs
        return {"views_accuracy": self._right(self.recipe.views)} if last else {}

    def _right(self, views: tuple[View, ...]) -> float:
        chosen = self.outputs(views).argmax(1)
        return float((chosen == self.images.y_test).mean()) if len(chosen) else 0.0


def recipe_of(task: Task, images: int) -> recipes.Recipe:
    """The recipe that a task names, with the task's epochs if they are others than its own."""
    recipe: Any = recipes.get(task.recipe)
    if task.epochs != len(recipe.steps(recipe.batch_size)):
        recipe = replace(recipe, epochs=task.epochs)
    return replace(recipe, batch_size=min(task.batch_size, images))
