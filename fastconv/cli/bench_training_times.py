"""``fastconv bench --table`` and ``--recipe``: the table of training times, this machine's rows."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fastconv.cli.data import Source, find_place, load
from fastconv.cli.errors import FAILED, as_command_errors, say, say_stopped, stopping_signals
from fastconv.cli.parser import whole

if TYPE_CHECKING:
    from fastconv.bench.training_times.training_run import Task, TrainingRun

# The arguments that only the table and the recipes have, with their defaults.
ONLY = {
    "data": None,
    "as_published": False,
    "epochs": None,
    "measure_epochs": None,
    "seed": None,
    "limit": None,
}
_SEED = 21


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the table."""
    group = parser.add_argument_group("the table of training times")
    add = group.add_argument
    add("--table", action="store_true", help="train the CIFAR-10 table's network by its recipe")
    add("--recipe", metavar="NAME", help="train fast94, fast93 or fast79 beside it")
    add("data", nargs="?", metavar="DATA", help="as for `fastconv train` (default: cifar10)")
    add("--as-published", action="store_true", help="with the published program's slips")
    add("--epochs", type=whole(1), metavar="N", help="of the recipe (default: its own, 60)")
    add("--measure-epochs", type=whole(1), metavar="K", help="train K epochs, extrapolate the time")
    add("--seed", type=whole(0, 2**31 - 1), metavar="N", help=f"default: {_SEED}")
    add("--limit", type=whole(1), metavar="N", help="use at most N training and N test images")


def run(
    arguments: argparse.Namespace, again: Sequence[str], peers: Sequence[type[TrainingRun]]
) -> int:
    """Train ours, then `peers`, and write the table; `again` is the command that resumes it."""
    from fastconv import set_num_threads
    from fastconv.bench.training_times.runner import train, write
    from fastconv.bench.training_times.training_run import Images

    with as_command_errors():
        source = Source(find_place(arguments.data or "cifar10"), arguments.limit)
        if arguments.threads is not None:
            set_num_threads(arguments.threads)
        task, ours = _task(arguments)
        data = load(source)
        images = Images(
            source.name, data.x_train, data.y_train, data.x_test, data.y_test, len(data.class_names)
        )
        folder = Path(arguments.out or f"runs/table-{source.name}")
        folder.mkdir(parents=True, exist_ok=True)
        until = min(task.epochs, arguments.measure_epochs or task.epochs)
    say(images.describe())
    try:
        with stopping_signals(), as_command_errors(FAILED):
            train(folder, task, images, until, [ours, *peers])
    except KeyboardInterrupt as stop:
        text = f"Finished epochs are saved; go on with: {shlex.join(again)}"
        return say_stopped(stop, text)
    with as_command_errors(FAILED):
        lines, files = write(folder)
    say("\n".join(["", *lines, ""]))
    if "table.png" not in files:
        say("table.png needs matplotlib: pip install 'fastconv[plot]'")
    say(f"Saved in {folder}: {', '.join(files)}")
    return 0


def _task(arguments: argparse.Namespace) -> tuple[Task, type[TrainingRun]]:
    """The task, and the class of fastconv's run."""
    from fastconv import get_num_threads
    from fastconv.bench.training_times.in_fastconv import FastconvRecipeRun, FastconvTableRun
    from fastconv.bench.training_times.training_run import NETWORK, Task

    ours: type[TrainingRun]
    if arguments.recipe is None:
        from fastconv.models import zoo

        how = zoo.recipe(NETWORK, as_published=arguments.as_published)
        epochs, batch_size, ours = how.epochs, how.batch_size, FastconvTableRun
    else:
        from fastconv import recipes
        from fastconv._arguments import check_choice

        what = {"where": "argument --recipe", "what": "NAME"}
        recipe = recipes.get(check_choice(arguments.recipe, recipes.NAMES, **what))
        batch_size, ours = recipe.batch_size, FastconvRecipeRun
        epochs = len(recipe.steps(batch_size))
    task = Task(
        epochs=arguments.epochs or epochs,
        batch_size=arguments.batch_size or batch_size,
        threads=get_num_threads(),
        seed=_SEED if arguments.seed is None else arguments.seed,
        as_published=arguments.as_published,
        recipe=arguments.recipe or "",
    )
    return task, ours
