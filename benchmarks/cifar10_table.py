"""Train the CIFAR-10 table's network on this machine and print the table of training times.

    python benchmarks/cifar10_table.py [DATA] [--peers] [--as-published] [--measure-epochs K] ...
    python benchmarks/cifar10_table.py [DATA] --recipe NAME [--peers] ...

The same as ``fastconv bench --table`` or ``fastconv bench --recipe NAME``; with ``--peers`` also
for PyTorch and Keras, if they are installed. It resumes where it was interrupted.
"""

import argparse
import sys
from types import SimpleNamespace

from fastconv.cli import bench, main


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``fastconv bench``, and ``--peers``."""
    bench.add_arguments(parser)
    parser.add_argument(
        "--peers", action="store_true", help="PyTorch, Keras, where they are installed"
    )


def run(arguments: argparse.Namespace, words: list[str]) -> int:
    """Run ``fastconv bench`` with the peers; `words` begin with the command."""
    arguments.table = arguments.table or arguments.recipe is None
    peers = []
    if arguments.peers:
        import _training_runs as runs

        peers = runs.installed(runs.TABLE if arguments.table else runs.RECIPES)
    return bench.run(arguments, words[1:], ("python", sys.argv[0]), peers)


if __name__ == "__main__":
    here = SimpleNamespace(add_arguments=add_arguments, run=run)
    sys.exit(main(["bench", *sys.argv[1:]], {"bench": here}))
