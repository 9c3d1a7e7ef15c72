"""The programs that train a recipe."""

from __future__ import annotations

from fastconv.bench.table.make import Programs
from fastconv.bench.table.program import Program


def _ours() -> type[Program]:
    from fastconv.bench.recipes.ours import OurRecipe

    return OurRecipe


def _pytorch() -> type[Program]:
    from fastconv.bench.recipes.in_pytorch import TorchRecipe

    return TorchRecipe


# A program, what has to be installed for it (by an extra), and its class, imported when it is used.
PROGRAMS: Programs = {
    "fastconv": ((), "", _ours),
    "PyTorch": (("torch",), "peers", _pytorch),
}
