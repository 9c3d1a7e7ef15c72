"""A short training, by command or by program, and what has to hold whatever stops it."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from PIL import Image

import fastconv
from fastconv.models import load_model

HERE = Path(__file__).parent
KINDS = ("command", "checkpoint", "backup", "steps")
"""`fastconv train`, and the ways to resume of `user_program.py`."""
PYTHON = (sys.executable, "-P")


@dataclass(frozen=True)
class Outcome:
    """How a run ended; a negative status is the signal that ended it."""

    status: int
    out: str
    err: str
    instants: tuple[str, ...] = ()


def make_images(folder: Path) -> Path:
    """Dark cats and light dogs, 48 for training and 20 for testing."""
    rng = np.random.default_rng(1)
    for part, count in (("train", 24), ("test", 10)):
        for name, light in (("cat", 60), ("dog", 180)):
            place = folder / part / name
            place.mkdir(parents=True)
            for i in range(count):
                pixels = rng.integers(light - 50, light + 50, (12, 12, 3)).astype(np.uint8)
                Image.fromarray(pixels).save(place / f"{i:02}.png")
    return folder


@dataclass(frozen=True)
class Training:
    """A training in a folder of its own: ``run`` with its files, and ``cache``."""

    kind: str
    images: Path
    folder: Path
    epochs: int = 3

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def words(self) -> list[str]:
        """The command's words, or the program's."""
        if self.kind != "command":
            return [self.kind, str(self.run)]
        options = f"--model time_series --batch-size 10 --epochs {self.epochs} --threads 1"
        return ["train", str(self.images), *options.split(), "--out", str(self.run)]

    @property
    def command(self) -> list[str]:
        """In a process of its own."""
        if self.kind != "command":
            return [*PYTHON, str(HERE / "user_program.py"), *self.words]
        return [*PYTHON, "-m", "fastconv", *self.words]

    @property
    def environment(self) -> dict[str, str]:
        """What the processes need in their environment, besides the usual."""
        return {"FASTCONV_CACHE": str(self.folder / "cache"), "OMP_NUM_THREADS": "1"}

    def whole_environment(self, *paths: Path) -> dict[str, str]:
        """The child imports this fastconv; before it, what lies in `paths`."""
        root = Path(fastconv.__file__).resolve().parents[1]
        path = os.pathsep.join(map(str, [*paths, root]))
        return os.environ | self.environment | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}

    def finish(self, *paths: Path) -> Outcome:
        """Run it to its end, in a process of its own."""
        done = subprocess.run(
            self.command, env=self.whole_environment(*paths), capture_output=True, text=True
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def copy(self, folder: Path) -> Training:
        """The same training, with its files as they are now, in another folder."""
        if self.folder.exists():
            shutil.copytree(self.folder, folder)
        return Training(self.kind, self.images, folder, self.epochs)

    def files(self) -> set[str]:
        """Every file and folder in the training's folder, the cache's included."""
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")}

    def half_done(self) -> set[str]:
        """The files and folders among them that are not to stay."""
        return {
            name
            for name in self.files()
            if re.match(r"\..*\.tmp$|\.(new|old)-", name.rpartition("/")[2])
        }

    def checkpoints(self) -> list[Path]:
        """All files of models."""
        return sorted(self.run.rglob("*.safetensors")) if self.run.exists() else []

    def saved_epochs(self) -> int:
        """The epochs in the file that the training resumes from."""
        name = "backup/backup" if self.kind in ("backup", "steps") else "last"
        path = self.run / f"{name}.safetensors"
        return load_model(path).epoch if path.exists() else 0

    def history(self, *, whole_lines: bool = False) -> list[dict[str, str]]:
        """The lines of ``history.csv``, without what depends on the machine's speed.

        `whole_lines` leaves out what `CSVLogger` had begun to write when it was stopped. After a
        restart within an epoch, the means of that epoch's losses are over the rest of it.
        """
        text = (self.run / "history.csv").read_text()
        if whole_lines:
            text = text[: text.rfind("\n") + 1]
        lines = list(csv.DictReader(text.splitlines()))
        left_out = {"seconds"} | ({"loss", "accuracy"} if self.kind == "steps" else set())
        for line in lines:
            assert None not in line, line
            assert None not in line.values(), line
        return [{k: v for k, v in line.items() if k not in left_out} for line in lines]

    def end(self) -> dict[str, Any]:
        """What has to be the same at the end, however often the training was stopped."""
        models: dict[str, Any] = {
            str(path.relative_to(self.run)): path.read_bytes() for path in self.checkpoints()
        }
        if self.kind == "steps":  # their histories differ: see `history`
            models = {
                name: [w.tobytes() for w in load_model(self.run / name).get_weights()]
                for name in models
            }
        return {"models": models, "history": self.history(), "files": self.files()}

    def check_what_is_left(self) -> None:
        """Every file with a model loads, and the history is one of whole epochs, in order."""
        for path in self.checkpoints():
            load_model(path)
        if (self.run / "history.csv").exists():
            lines = self.history(whole_lines=self.kind != "command")
            numbers = [int(line["epoch"]) for line in lines]
            first = 1 if self.kind == "command" else 0
            assert numbers == list(range(first, first + len(numbers))), numbers


def difference(one: dict[str, Any], other: dict[str, Any]) -> str:
    """What differs between two ends, shortly; empty if nothing does."""
    found = []
    for name in sorted(one["models"].keys() | other["models"].keys()):
        if one["models"].get(name) != other["models"].get(name):
            found.append(f"{name} differs")
    if one["history"] != other["history"]:
        found.append(f"history: {one['history']} and {other['history']}")
    if one["files"] != other["files"]:
        found.append(f"files: {sorted(one['files'] ^ other['files'])}")
    return "; ".join(found)


class Server:
    """The process of `fork_server.py`, which runs trainings that are stopped at chosen instants."""

    def __init__(self, images: Path) -> None:
        root = Path(fastconv.__file__).resolve().parents[1]
        self._process = subprocess.Popen(
            [*PYTHON, str(HERE / "fork_server.py")],
            env=os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        first = Training("command", images, Path(), 1).words[:-1]
        self._ask([first])

    def run(self, training: Training, **instant: Any) -> Outcome:
        """Run the training; `instant`: `at`, and `signal`, or `size` and `dies`."""
        answer = self._ask(
            {
                "words": training.words,
                "folder": str(training.folder),
                "environment": training.environment,
                **instant,
            }
        )
        return Outcome(**{**answer, "instants": tuple(answer["instants"])})

    def _ask(self, order: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(self._process.stderr.read())
        return json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate()
