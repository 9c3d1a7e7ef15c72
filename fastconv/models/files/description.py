"""What a file says of its tensors: JSON values that are read within bounds.

Whatever is wrong with them becomes a ValueError with the file's name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from fastconv._arguments import is_whole

MOST_CHARACTERS = 2**26  # of a text; safetensors takes no header above 100 MB
DEEPEST = 100  # lists and dictionaries in each other, four for a model in a model
LARGEST_NUMBER = 2**63


def json_value(text: str) -> Any:
    """The value that a JSON text is.

    Raises
    ------
    ValueError
        If it is none, too long, or nested too deeply, or an integer in it has too many digits.
    """
    _check_length(text)
    try:
        value = json.loads(text)
    except RecursionError:
        raise _too_deep() from None
    check_depth(value)
    return value


def json_text(value: Any) -> str:
    """A value as a text that `json_value` takes.

    Raises
    ------
    TypeError, ValueError
        If it holds anything but JSON values, or `json_value` would refuse it.
    """
    try:
        text = json.dumps(value)
    except RecursionError:
        raise _too_deep() from None
    check_depth(value)
    _check_length(text)
    return text


def _check_length(text: str) -> None:
    if len(text) > MOST_CHARACTERS:
        raise ValueError(
            f"a text must have at most {MOST_CHARACTERS} characters; received {len(text)}"
        )


def check_depth(value: Any) -> None:
    """ValueError if lists and dictionaries lie in each other deeper than can be read again."""
    level = [value] if isinstance(value, (dict, list, tuple)) else []
    for _ in range(DEEPEST):
        inside = (part.values() if isinstance(part, dict) else part for part in level)
        level = [one for parts in inside for one in parts if isinstance(one, (dict, list, tuple))]
        if not level:
            return
    raise _too_deep()


def _too_deep() -> ValueError:
    return ValueError(
        f"lists and dictionaries must lie in each other at most {DEEPEST} deep; received more"
    )


@contextmanager
def reading_description(name: str) -> Iterator[None]:
    """Within it, what is wrong with a description is a ValueError with the file's name."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        what = f"it lacks {error}" if isinstance(error, KeyError) else error
        raise ValueError(f"{name}: the configuration in the file is not valid: {what}") from error


@dataclass(frozen=True)
class Training:
    """How far a model was trained when it was saved."""

    epoch: int
    batches_done: int
    stopped: bool
    """Whether a callback had ended the training."""
    epochs: list[int]
    history: dict[str, list[Any]]
    iterations: int | None
    """Of the optimizer; None for a model that was not compiled."""

    @classmethod
    def of(cls, description: Mapping[str, Any]) -> Self:
        """What a file's description says of the training.

        Raises
        ------
        KeyError, TypeError, ValueError
            If something is missing or of another kind.
        """
        entries = _mapping(description, "training")
        epochs, history = entries["epochs"], _mapping(entries, "history")
        for key, values in {"epochs": epochs, **history}.items():
            if not isinstance(values, list):
                raise TypeError(f"training: {key} must be a list; received {values!r:.200}")
        for key, values in history.items():
            for value in values:
                if type(value) is not float and not _is_small(value):
                    raise TypeError(
                        f"training: history of {key} must be floats; received {value!r:.200}"
                    )
        steps, stopped = entries.get("iterations"), entries.get("stopped", False)
        if type(stopped) is not bool:
            raise TypeError(f"training: stopped must be true or false; received {stopped!r:.200}")
        return cls(
            epoch=_count(entries["epoch"], "epoch"),
            batches_done=_count(entries.get("batches_done", 0), "batches_done"),
            stopped=stopped,
            epochs=[_count(number, "every one of epochs") for number in epochs],
            history=dict(history),
            iterations=None if steps is None else _count(steps, "iterations"),
        )


def _mapping(description: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = description[key]
    if not isinstance(value, Mapping):
        raise TypeError(f"{key} must be a dictionary; received {value!r:.200}")
    return value


def _is_small(value: Any) -> bool:
    return is_whole(value) and abs(int(value)) < LARGEST_NUMBER


def _count(value: Any, what: str) -> int:
    """A whole number of at least 0."""
    if not is_whole(value):
        raise TypeError(f"training: {what} must be a whole number; received {value!r:.200}")
    number = int(value)
    if number < 0 or not _is_small(number):
        raise ValueError(f"training: {what} must be at least 0 and below 2**63; received {value}")
    return number
