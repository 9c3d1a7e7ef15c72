"""Train the missing epochs, then write the table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastconv.bench.training_times import recipe_table, table
from fastconv.bench.training_times.in_fastconv import FastconvRun
from fastconv.bench.training_times.training_run import (
    Images,
    Task,
    TrainingRun,
    file_name,
    read_run,
)
from fastconv.utils.files import write_atomically


def train(
    folder: Path, task: Task, images: Images, until: int, programs: Sequence[type[TrainingRun]]
) -> None:
    """Train every program up to epoch `until`, resuming from its file in `folder`.

    Raises
    ------
    ValueError
        If a file holds a run on other images; before anything is trained.
    """
    places = {program: folder / file_name(program.name, task) for program in programs}
    for place in places.values():
        if place.exists() and (then := read_run(place)["images"]) != images.describe():
            raise ValueError(
                f"{place}: holds a run on other images, {then}; received {images.describe()} "
                "(--out names another folder)"
            )
    for program, place in places.items():
        program(task, images).run(place, until)


def write(folder: Path) -> tuple[list[str], list[str]]:
    """Write table.md, table.json and table.png from the runs in `folder`.

    Returns
    -------
    lines : list of str
        The Markdown.
    files : list of str
        The names of the files written; without table.png if matplotlib is missing.
    """
    runs = [run for path in sorted(folder.glob("*.safetensors")) if (run := read_run(path))]
    runs = [run for run in runs if run["epochs"]]
    runs.sort(key=lambda run: run["program"] != FastconvRun.name)  # ours first
    rows = [*table.PUBLISHED, *map(table.row_of, runs)]
    images = "; ".join(dict.fromkeys(run["images"] for run in runs)) or "none yet"
    lines = list(table.lines(rows, images))
    results = [recipe_table.result_of(run) for run in runs if run["task"].get("recipe")]
    if results:
        lines += ["", *recipe_table.lines(sorted(results, key=lambda r: r.recipe))]
    found: dict[str, Any] = {
        "images": images,
        "rows": [row.get_config() for row in rows],
        "recipes": [result.get_config() for result in results],
    }
    write_atomically(folder / "table.md", ["\n".join([*lines, ""]).encode()])
    write_atomically(folder / "table.json", [json.dumps(found, indent=1).encode()])
    files = ["table.md", "table.json"]
    if table.write_picture(rows, folder / "table.png", "CIFAR-10 training-time table"):
        files.append("table.png")
    return lines, files
