"""The folder of a training run: its files, and the run's settings in its checkpoints."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastconv._arguments import as_float, as_int, as_name
from fastconv.cli.data import Data, Source
from fastconv.cli.errors import CommandError
from fastconv.utils.files import naming, remove_leftovers
from fastconv.utils.random import check_seed

if TYPE_CHECKING:
    from fastconv.models import Model

_KEY = "training_run"  # of a run's settings in the metadata of its checkpoints
_OTHERWISE = "--fresh starts anew, --out names another folder"


@dataclass(frozen=True)
class Settings:
    """Everything that the weights of a run depend on, except the number of epochs."""

    network: str
    source: Source
    batch_size: int
    learning_rate: float
    seed: int

    def get_config(self) -> dict[str, Any]:
        """JSON values."""
        return vars(self) | {"source": self.source.get_config()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Settings:
        """Make one from what `get_config` returned; raises TypeError, ValueError or KeyError."""
        where = "training run"
        return cls(
            network=as_name(config["network"], where=where),
            source=Source.from_config(config["source"]),
            batch_size=as_int(config["batch_size"], "batch_size", where=where),
            learning_rate=as_float(config["learning_rate"], "learning_rate", where=where),
            seed=check_seed(config["seed"], where=where) or 0,
        )


@dataclass(frozen=True)
class RunFolder:
    """The paths of a run's files."""

    path: Path

    @property
    def best(self) -> Path:
        """The checkpoint with the best test accuracy."""
        return self.path / "best.safetensors"

    @property
    def last(self) -> Path:
        """The checkpoint of the last epoch."""
        return self.path / "last.safetensors"

    @property
    def history(self) -> Path:
        """A line per epoch."""
        return self.path / "history.csv"

    @property
    def curves(self) -> Path:
        """A picture of the history."""
        return self.path / "curves.png"

    def check_writable(self) -> None:
        """Raise OSError if no file can be made in it: rather now than after an epoch's work."""
        with naming(self.path), tempfile.TemporaryFile(dir=self.path):
            pass

    def forget_last(self) -> None:
        """Remove the last checkpoint, so that no run resumes from it beside files of another."""
        self.last.unlink(missing_ok=True)

    def remove_leftovers(self) -> None:
        """Remove what a run that was killed left beside a file that it wrote."""
        for file in (self.best, self.last, self.history, self.curves):
            remove_leftovers(file)


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint of a training run."""

    model: Model
    settings: Settings
    class_names: tuple[str, ...]
    images: tuple[int, int]  # numbers of training and test images

    def refuse_other_data(self, folder: Path, data: Data) -> None:
        """Raise CommandError if the data is not that of the run's start."""
        then = (self.model.sample_shape, self.class_names, self.images)
        now = (data.image_shape, data.class_names, (len(data.x_train), len(data.x_test)))
        if then != now:
            raise CommandError(
                f"{folder}: the images have changed since this run began: it had "
                f"{_describe(*then)}, now there are {_describe(*now)}; {_OTHERWISE}"
            )


def _describe(shape: tuple[int, ...], class_names: tuple[str, ...], images: tuple[int, int]) -> str:
    return f"{images[0]} + {images[1]} images {shape} in classes {', '.join(class_names)}"


def mark(model: Model, settings: Settings, data: Data) -> None:
    """Add the run's settings to the metadata of every checkpoint of `model`."""
    model.user_metadata[_KEY] = {
        "settings": settings.get_config(),
        "class_names": list(data.class_names),
        "images": [len(data.x_train), len(data.x_test)],
    }


def load_run(path: Path) -> Checkpoint:
    """Load a checkpoint; raises as `fastconv.models.load_model` does."""
    from fastconv.models import load_model

    model = load_model(path)
    rule = f"{path}: must be a checkpoint of `fastconv train`; received a model"
    try:
        run = model.user_metadata[_KEY]
        training, testing = (
            as_int(n, "images", where="training run", minimum=0) for n in run["images"]
        )
        names = run["class_names"]
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise TypeError(f"training run: class_names must be texts; received {names!r}")
        settings = Settings.from_config(run["settings"])
    except (KeyError, TypeError, ValueError) as error:
        raise CommandError(f"{rule} without a training run's settings") from error
    inputs, outputs = model.input_shape, model.output_shape
    if len(inputs) != 4 or None in inputs[1:] or inputs[3] not in (1, 3):
        raise CommandError(f"{rule} whose input is no grey image and none in colour: {inputs}")
    if outputs != (None, len(names)):
        raise CommandError(
            f"{rule} whose output {outputs} is not one number for each of its {len(names)} classes"
        )
    return Checkpoint(model, settings, tuple(names), (training, testing))


def load_best(place: str) -> Checkpoint:
    """Load the best checkpoint of a run's folder, or a checkpoint named directly."""
    path = Path(place).expanduser()
    if path.is_dir():
        best = RunFolder(path).best
        if not best.exists():
            raise CommandError(
                f"{place}: must be the folder of a training run; it holds no {best.name}"
            )
        path = best
    elif not path.exists():
        raise CommandError(f"{place}: there is no such folder; `fastconv train` makes one")
    return load_run(path)


def refuse_changes(folder: Path, then: Settings, now: Settings) -> None:
    """Raise CommandError if a run would resume with other settings than it began with."""
    began = then.get_config() | then.source.get_config()
    wanted = now.get_config() | now.source.get_config()
    names = {
        "place": "DATA",
        "network": "--model",
        "batch_size": "--batch-size",
        "learning_rate": "--learning-rate",
        "seed": "--seed",
        "limit": "--limit",
        "image_size": "--image-size",
    }
    for key, name in names.items():
        if began[key] != wanted[key]:
            raise CommandError(
                f"{folder}: holds a run that began with {name} {_shown(began[key])}; received "
                f"{_shown(wanted[key])}; {_OTHERWISE}"
            )


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)
