"""The table of the recipes' runs, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from fastconv.bench.training_times.table import GPU
from fastconv.bench.training_times.training_run import Task
from fastconv.utils.text import duration

_GOAL = GPU.accuracy or 0.0


@dataclass(frozen=True)
class RecipeResult:
    """A run of a recipe.

    Attributes
    ----------
    seconds : float
        Of training, with making the network, without tests; extrapolated if fewer epochs were
        measured.
    passed : float or None
        The seconds until the end of the first epoch whose test reaches the table's accuracy.
    accuracy, views_accuracy : float or None
        After the last epoch, on the test images as they are and by the recipe's views.
    images_per_second : float
    gflops : float or None
        Billions of the direct method's operations per second; None where they were not counted.
    """

    recipe: str
    program: str
    threads: int
    seed: int
    epochs: int
    measured: int
    seconds: float
    passed: float | None
    accuracy: float | None
    views_accuracy: float | None
    images_per_second: float
    gflops: float | None

    def get_config(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


def result_of(run: Mapping[str, Any]) -> RecipeResult:
    """The row of a run, from its metadata."""
    task, epochs = Task.from_config(run["task"]), run["epochs"]
    training = sum(epoch["training_seconds"] for epoch in epochs)
    trained = sum(epoch["images"] for epoch in epochs)
    last = epochs[-1] if len(epochs) == task.epochs else {}
    passed, clock = None, 0.0
    for epoch in epochs:
        clock += epoch["training_seconds"]
        if passed is None and epoch["test_accuracy"] >= _GOAL:
            passed = clock
    counted = all("flops" in epoch for epoch in epochs)
    return RecipeResult(
        recipe=task.recipe,
        program=run["version"],
        threads=task.threads,
        seed=task.seed,
        epochs=task.epochs,
        measured=len(epochs),
        seconds=training * run["all_images"] / trained,
        passed=passed,
        accuracy=last.get("test_accuracy"),
        views_accuracy=last.get("views_accuracy"),
        images_per_second=trained / training,
        gflops=1e-9 * sum(epoch["flops"] for epoch in epochs) / training if counted else None,
    )


def lines(results: Sequence[RecipeResult]) -> Iterator[str]:
    """A row for each run, and one for the mean over each program's seeds."""
    yield (
        "| Recipe | Program | Threads | Seed | Training time | Accuracy [%] | by views [%] "
        f"| past {100 * _GOAL:.2f} % after | Images/s | GFLOP/s |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for r in results:
        yield _row(r, str(r.seed))
    for several in _seeds(results):
        yield _row(_mean(several), f"mean of {len(several)}")
    yield ""
    yield (
        "Training time: without the tests. Accuracy: after the last epoch, of the images as they "
        "are and as the mean over the recipe's views, which the table above shows. GFLOP/s: "
        "operations of direct convolution."
    )


def _row(r: RecipeResult, seed: str) -> str:
    mark = "" if r.measured == r.epochs else f" (from {r.measured} of {r.epochs} epochs)"
    passed = "–" if r.passed is None else duration(r.passed)
    gflops = "" if r.gflops is None else f"{r.gflops:.0f}"
    return (
        f"| {r.recipe} | {r.program} | {r.threads} | {seed} | {duration(r.seconds)}{mark} | "
        f"{_percent(r.accuracy)} | {_percent(r.views_accuracy)} | {passed} | "
        f"{r.images_per_second:,.0f} | {gflops} |"
    )


def _seeds(results: Sequence[RecipeResult]) -> list[list[RecipeResult]]:
    """The finished runs in groups that differ only in the seed, groups of one left out."""
    alike: dict[tuple[str, str, int, int], list[RecipeResult]] = {}
    for r in results:
        if r.measured == r.epochs:
            alike.setdefault((r.recipe, r.program, r.threads, r.epochs), []).append(r)
    return [several for several in alike.values() if len(several) > 1]


def _mean(several: Sequence[RecipeResult]) -> RecipeResult:
    def mean(name: str) -> Any:
        values = [getattr(r, name) for r in several]
        return None if None in values else sum(values) / len(values)

    names = ("seconds", "passed", "accuracy", "views_accuracy", "images_per_second", "gflops")
    return replace(several[0], **{name: mean(name) for name in names})


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.2f}"
