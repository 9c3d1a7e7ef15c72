"""Train what is missing, then write the table."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastconv.bench.keras_tensorflow import backend as keras_backend
from fastconv.bench.recipes import markdown as recipes_markdown
from fastconv.bench.table import markdown
from fastconv.bench.table.picture import write_picture
from fastconv.bench.table.program import Program
from fastconv.bench.table.rows import PUBLISHED, Row, file_name, read_run, row_of
from fastconv.bench.table.task import Images, Task
from fastconv.utils.files import write_atomically


def _ours() -> type[Program]:
    from fastconv.bench.table.ours import Ours

    return Ours


def _pytorch() -> type[Program]:
    from fastconv.bench.table.in_pytorch import InPyTorch

    return InPyTorch


def _keras() -> type[Program]:
    from fastconv.bench.table.in_keras import InKeras

    return InKeras


# A program, what has to be installed for it (by an extra), and its class, imported when it is used.
Programs = Mapping[str, tuple[Sequence[str], str, Callable[[], type[Program]]]]
PROGRAMS: Programs = {
    "fastconv": ((), "", _ours),
    "PyTorch": (("torch",), "peers", _pytorch),
    "Keras": (("keras", keras_backend()), "tensorflow", _keras),
}


def train(
    folder: Path,
    task: Task,
    images: Images,
    until: int,
    peers: bool,
    programs: Programs = PROGRAMS,
) -> None:
    """Train every program up to epoch `until`, or on from where its file in `folder` stands.

    Raises
    ------
    ValueError
        If a file holds a run on other images, before anything is trained.
    """
    wanted = [name for name in programs if peers or name == "fastconv"]
    places = {name: folder / file_name(name, task) for name in wanted}
    for place in places.values():
        if place.exists() and (then := read_run(place)["images"]) != images.describe():
            raise ValueError(
                f"{place}: holds a run on other images, {then}; received {images.describe()} "
                "(--out names another folder)"
            )
    for name, place in places.items():
        needed, extra, program = programs[name]
        if not all(find_spec(module) for module in needed):
            print(f"{name} is not installed: pip install 'fastconv[{extra}]'")
            continue
        program()(task, images).run(place, until)


def write(folder: Path) -> tuple[list[str], list[str]]:
    """Write table.md, table.json and table.png from the runs in `folder`.

    Returns
    -------
    lines : list of str
        The Markdown.
    files : list of str
        The names of what was written; without table.png where matplotlib is missing.
    """
    runs = [run for path in sorted(folder.glob("*.safetensors")) if (run := read_run(path))]
    order = list(PROGRAMS)
    runs = sorted((run for run in runs if run["epochs"]), key=lambda r: order.index(r["program"]))
    rows: list[Row] = [*PUBLISHED, *map(row_of, runs)]
    images = "; ".join(dict.fromkeys(run["images"] for run in runs)) or "none yet"
    lines = list(markdown.lines(rows, images))
    results = [recipes_markdown.result_of(run) for run in runs if run["task"].get("recipe")]
    if results:
        lines += ["", *recipes_markdown.lines(sorted(results, key=lambda r: r.recipe))]
    found: dict[str, Any] = {
        "images": images,
        "rows": [row.get_config() for row in rows],
        "recipes": [result.get_config() for result in results],
    }
    write_atomically(folder / "table.md", ["\n".join([*lines, ""]).encode()])
    write_atomically(folder / "table.json", [json.dumps(found, indent=1).encode()])
    files = ["table.md", "table.json"]
    if write_picture(rows, folder / "table.png", "CIFAR-10 training-time table"):
        files.append("table.png")
    return lines, files
