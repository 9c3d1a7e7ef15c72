"""``fastconv bench --table``: the table of training times, with this machine's rows."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from fastconv.cli.data import Source, find_place, load
from fastconv.cli.errors import FAILED, INTERRUPTED, as_command_errors
from fastconv.cli.parser import whole

# What belongs to the table alone, and what it is when it was not given.
ONLY = {
    "data": None,
    "peers": False,
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
    add("data", nargs="?", metavar="DATA", help="as for `fastconv train` (default: cifar10)")
    add("--peers", action="store_true", help="PyTorch and Keras too, where they are installed")
    add("--as-published", action="store_true", help="with the published program's slips")
    add("--epochs", type=whole(1), metavar="N", help="of the recipe (default: 60)")
    add("--measure-epochs", type=whole(1), metavar="K", help="train K epochs, extrapolate the time")
    add("--seed", type=whole(0, 2**31 - 1), metavar="N", help=f"default: {_SEED}")
    add("--limit", type=whole(1), metavar="N", help="use at most N training and N test images")


def run(arguments: argparse.Namespace, words: list[str]) -> int:
    """Run the command."""
    from fastconv import get_num_threads, set_num_threads
    from fastconv.bench.table.make import train, write
    from fastconv.bench.table.task import NETWORK, Images, Task
    from fastconv.models import zoo

    with as_command_errors():
        source = Source(find_place(arguments.data or "cifar10"), arguments.limit)
        if arguments.threads is not None:
            set_num_threads(arguments.threads)
        data = load(source)
        recipe = zoo.recipe(NETWORK, as_published=arguments.as_published)
        task = Task(
            epochs=arguments.epochs or recipe.epochs,
            batch_size=arguments.batch_size or recipe.batch_size,
            threads=get_num_threads(),
            seed=_SEED if arguments.seed is None else arguments.seed,
            as_published=arguments.as_published,
        )
        images = Images(
            source.name, data.x_train, data.y_train, data.x_test, data.y_test, len(data.class_names)
        )
        folder = Path(arguments.out or f"runs/table-{source.name}")
        folder.mkdir(parents=True, exist_ok=True)
        until = min(task.epochs, arguments.measure_epochs or task.epochs)
    print(images.describe(), flush=True)
    try:
        with as_command_errors(FAILED):
            train(folder, task, images, until, arguments.peers)
    except KeyboardInterrupt:
        again = shlex.join(["fastconv", *words])
        print(f"Interrupted. Finished epochs are saved; go on with: {again}", file=sys.stderr)
        return INTERRUPTED
    with as_command_errors(FAILED):
        lines, files = write(folder)
    print("\n".join(["", *lines, ""]))
    if "table.png" not in files:
        print("table.png needs matplotlib: pip install 'fastconv[plot]'")
    print(f"Saved in {folder}: {', '.join(files)}")
    return 0
