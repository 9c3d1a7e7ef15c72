"""``fastconv bench``: every layer of a network against the machine's roofline; with ``--table`` or
``--recipe``, the table of training times."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fastconv.cli import bench_training_times as training_times
from fastconv.cli.errors import FAILED, CommandError, as_command_errors, say
from fastconv.cli.parser import whole

if TYPE_CHECKING:
    from fastconv.bench.training_times.training_run import TrainingRun
    from fastconv.models import Model

_PIXELS = 2**20  # the default batch holds at most so many, since large images take much memory


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add = parser.add_argument
    add("--model", metavar="NAME", help="cifar10, mnist, fast94, ... (default: cifar10)")
    add(
        "--batch-size",
        type=whole(1),
        metavar="N",
        help="images in a step (default: the recipe's, fewer if they are large)",
    )
    add("--threads", type=whole(1, 1024), metavar="N", help="default: one for each processor")
    add("--rounds", type=whole(1), metavar="N", help="of four steps each (default: 5)")
    add("--out", metavar="DIR", help="for the files (default: runs/bench, runs/table-DATA)")
    training_times.add_arguments(parser)


def run(
    arguments: argparse.Namespace,
    words: list[str],
    command: Sequence[str] = ("fastconv",),
    peers: Sequence[type[TrainingRun]] = (),
) -> int:
    """Run the command; `peers` train after ours, and messages show `command` before `words`."""
    if arguments.table or arguments.recipe is not None:
        option = "--table" if arguments.table else "--recipe"
        others = ("model", "rounds", *(("recipe",) if arguments.table else ()))
        for name in others:
            if getattr(arguments, name) is not None:
                raise CommandError(f"--{name} cannot be used with {option}")
        if arguments.as_published and not arguments.table:
            raise CommandError("--as-published cannot be used with --recipe")
        return training_times.run(arguments, [*command, *words], peers)
    for name, default in training_times.ONLY.items():
        if getattr(arguments, name) != default:
            option = "DATA" if name == "data" else f"--{name.replace('_', '-')}"
            raise CommandError(f"{option} is for the table: fastconv bench --table")
    return _roofline(arguments)


def _roofline(arguments: argparse.Namespace) -> int:
    from fastconv import get_num_threads, recipes, set_num_threads
    from fastconv._arguments import check_choice
    from fastconv.bench import roofline
    from fastconv.bench.machine import processor
    from fastconv.kernels._isa import active
    from fastconv.models import zoo
    from fastconv.utils.files import write_atomically
    from fastconv.utils.text import threads_in_words

    with as_command_errors():
        names = (*zoo.NAMES, *recipes.NAMES)
        name = check_choice(
            arguments.model or "cifar10", names, where="argument --model", what="NAME"
        )
        if arguments.threads is not None:
            set_num_threads(arguments.threads)
        model, classes, usual = _network(name)
        folder = Path(arguments.out or "runs/bench")
        folder.mkdir(parents=True, exist_ok=True)
    most = max(1, _PIXELS // math.prod(model.sample_shape[:2]))
    batch_size = arguments.batch_size or min(most, usual)
    title = f"{name} on {processor()}"
    say(f"{title} ({active()}, {threads_in_words(get_num_threads())}), batches of {batch_size}")
    with as_command_errors(FAILED):
        found = roofline.measure(model, batch_size, classes, arguments.rounds or 5)
        for line in roofline.table(found):
            say(line)
        files = ["roofline.json"]
        text = json.dumps(found.get_config(), indent=1)
        write_atomically(folder / "roofline.json", [text.encode()])
        if roofline.write_picture(found, folder / "roofline.png", title):
            files.append("roofline.png")
        else:
            say("roofline.png needs matplotlib: pip install 'fastconv[plot]'")
    say(f"Saved in {folder}: {', '.join(files)}")
    return 0


def _network(name: str) -> tuple[Model, int, int]:
    """A network of the zoo or of a recipe, its number of classes and its usual batch size."""
    import numpy as np

    from fastconv import recipes
    from fastconv.models import zoo

    if name in recipes.NAMES:
        recipe = recipes.get(name)
        images = np.random.default_rng(21).integers(0, 256, (64, 32, 32, 3), dtype=np.uint8)
        model = recipe.network(images, 10, seed=21)
        recipe.prepare(model, 50_000)
        return model, 10, recipe.batch_size
    image_shape, classes = zoo.made_for(name)
    return zoo.build(name, image_shape, classes, seed=21), classes, zoo.recipe(name).batch_size
