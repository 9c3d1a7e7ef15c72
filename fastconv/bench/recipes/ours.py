"""A recipe in fastconv."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fastconv import __version__
from fastconv.augment import View, predict_with_views
from fastconv.bench.recipes.run import RecipeRun
from fastconv.bench.table.program import KEY
from fastconv.kernels._isa import active
from fastconv.models import Model, load_model


class OurRecipe(RecipeRun):
    """Built and trained by the recipe itself; its file is a checkpoint like any other."""

    name = "fastconv"
    model: Model | None = None

    def train(self, epoch: int) -> float:
        if self.model is None:
            self.model = self.recipe.build(self.images.x_train, self.images.classes, self.task.seed)
        logs = self.recipe.train(self.model, self.batches, epoch)
        return logs["loss"] / self.recipe.batch_size  # it is summed over a batch

    def details(self, epoch: int) -> dict[str, float]:
        model = self._model()
        signature = ((model.sample_shape, "uint8"),)
        plan = model.plans.training(self.recipe.batch_size, signature)
        flops = sum(cost.flops for cost in plan.costs()) * self.steps[epoch]
        return {**super().details(epoch), "flops": flops}

    def outputs(self, views: tuple[View, ...]) -> np.ndarray:
        size = self.recipe.batch_size
        return predict_with_views(self._model(), self.images.x_test, views, batch_size=size)

    def save(self, path: Path, metadata: dict[str, Any]) -> None:
        model = self._model()
        model.user_metadata[KEY] = metadata
        model.save(path)

    def restore(self, path: Path) -> dict[str, Any]:
        self.model = load_model(path)
        return self.model.user_metadata[KEY]

    def version(self) -> str:
        return f"fastconv {__version__}, {active()}"

    def _model(self) -> Model:
        assert self.model is not None
        return self.model
