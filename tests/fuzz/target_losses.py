"""Every loss and metric: hostile arguments, targets and outputs.

They may refuse by a TypeError or ValueError that names the loss or metric. Else the value is a
number (or what the metric says), and the same for the same numbers in any other form.
"""

from __future__ import annotations

import random
import warnings
from pathlib import Path
from typing import Any

import draws
import numpy as np
from driver import WrongOutcome
from target_layers import LayerCase, is_large, parameters_of

from fastconv import losses, metrics

ABSTRACT = {"Loss", "Metric", "MeanMetric"}


def _own(y_true: Any, y_pred: Any) -> Any:
    return ((np.asarray(y_true) - np.asarray(y_pred)) ** 2).mean(axis=-1)


VALUES: dict[str, tuple[Any, ...]] = {
    "function": (_own,), "fn": (_own,), "loss": ("mse", "categorical_crossentropy"),
    "num_classes": (3, 5), "from_logits": (True, False), "label_smoothing": (0.0, 0.1),
    "reduction": ("sum", "mean", "sum_over_batch_size"), "delta": (1.0, 0.5), "k": (1, 2),
    "thresholds": (None, 0.5), "top_k": (None, 1), "class_id": (None, 0), "threshold": (0.5,),
    "average": (None, "macro", "micro", "weighted"), "curve": ("ROC", "PR"),
    "num_thresholds": (2, 200), "gamma": (2.0,), "alpha": (0.25,), "value": ("mse", "accuracy"),
}  # fmt: skip


def make_target(name: str, scratch: Path) -> Losses:
    """The target "losses"."""
    return Losses()


class Losses:
    """Cases over `fastconv.losses.__all__` and `fastconv.metrics.__all__`."""

    names = tuple(
        f"{module.__name__.rpartition('.')[2]}.{name}"
        for module in (losses, metrics)
        for name in module.__all__
        if name not in ABSTRACT
    )

    def draw(self, rng: random.Random) -> LossCase:
        """A loss or metric with random arguments."""
        return LossCase(rng.choice(self.names), rng)


class LossCase(LayerCase):
    """One loss or metric, made and called."""

    def __init__(self, name: str, rng: random.Random) -> None:
        module, _, self.kind = name.partition(".")
        self.name, self.outcome = name, "right"
        self.thing = getattr({"losses": losses, "metrics": metrics}[module], self.kind)
        self.is_class = isinstance(self.thing, type)
        found = {k: v for k, v in parameters_of(self.thing).items() if not k.startswith("y_")}
        self.arguments: dict[str, Any] = {}
        for key, one in found.items():
            if key in VALUES and (one.default is one.empty or rng.random() < 0.4):
                self.arguments[key] = rng.choice(VALUES[key])
        self.hostile = [key for key in rng.sample(sorted(found), min(len(found), 2))
                        if rng.random() < 0.3]  # fmt: skip
        for key in self.hostile:
            self.arguments[key] = draws.number(rng)
        rows, classes = rng.choice((0, 1, 3, 7)), rng.choice((1, 3, 5))
        kind = rng.choice(("normal", "integers", "special", "probabilities", "probabilities"))
        y_pred = draws.numbers_of(rng, (rows, classes), kind)
        if kind == "probabilities":
            y_pred = abs(y_pred) + np.float32(0.1)
            y_pred /= y_pred.sum(axis=-1, keepdims=True)
        y_true: np.ndarray = draws.numbers_of(rng, (rows, classes), "integers")
        form = rng.randrange(4)
        if form < 2:
            labels = np.array([rng.randrange(classes) for _ in range(rows)], np.int64)
            y_true = labels if form else np.eye(classes, dtype=np.float32)[labels]
        if self.kind == "confusion_matrix":
            y_pred = np.array([rng.randrange(classes) for _ in range(rows)], np.int64)
        self.weight = rng.choice((None, None, abs(draws.numbers_of(rng, (rows,), "normal"))))
        self.plain = [y_true, y_pred]
        self.given = [draws.form_of(rng, one)[0] for one in self.plain]
        self.spoilt = rng.random() < 0.35
        if self.spoilt:
            at = rng.randrange(2)
            self.given[at] = draws.array(rng, self.plain[at])
            if isinstance(self.given[at], np.ndarray) and self.given[at].size > 1 << 24:
                self.given[at] = np.ones((1000, 3))  # looking through more takes minutes
            if rng.random() < 0.2:
                self.weight = draws.array(rng, np.ones(rows))
        self.large = any(draws.is_huge(one) for one in [*self.given, self.weight])
        self.large |= any(is_large(value) for value in self.arguments.values())
        shown = ", ".join(f"{k}={draws.shown(v)}" for k, v in self.arguments.items())
        called = ", ".join(draws.shown(one) for one in [*self.given, self.weight])
        self.text = f"{name}({shown})({called})"

    def _of_ones_own(self) -> bool:
        return self.kind in ("CustomLoss", "MeanMetricWrapper")

    def _guarded(self, call: Any, layer: Any) -> Any:
        try:
            return super()._guarded(call, layer)
        except WrongOutcome:
            if not self._of_ones_own():
                raise
            return None  # what a function of one's own raises is not the package's

    def run(self) -> None:
        """Make it and call it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with np.errstate(all="ignore"):
                self._run()

    def _run(self) -> None:
        if not self.is_class:
            given = () if self.kind == "get" else tuple(self.given)
            self._guarded(lambda: self.thing(*given, **self.arguments), None)
            return
        made = self._guarded(lambda: self.thing(**self.arguments), None)
        if made is None:
            return
        value = self._guarded(lambda: made(*self.given, self.weight), made)
        if value is None:
            return
        if not isinstance(value, (float, int, np.ndarray)):
            raise WrongOutcome("result", f"a {type(value).__name__}")
        if not self.spoilt:
            again = self.thing(**self.arguments)(*self.plain, self.weight)
            # a function of one's own computes in the type that it is given, and overflows in it
            if self._of_ones_own() and not np.isfinite(again).all():
                return
            near = 1e-5 if self._of_ones_own() else 1e-12
            if not np.allclose(again, value, rtol=near, atol=near, equal_nan=True):
                raise WrongOutcome("wrong result", f"{value!r} instead of {again!r}")
