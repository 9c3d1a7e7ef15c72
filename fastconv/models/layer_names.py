"""The names of layers within a model."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Container, Sequence


def free_name(name: str, taken: Container[str]) -> str:
    """The first of `name`, `name_1`, `name_2`, ... that is not taken."""
    numbered = (f"{name}_{number}" if number else name for number in itertools.count())
    return next(candidate for candidate in numbered if candidate not in taken)


def unknown_name(where: str, received: object, names: Sequence[str]) -> ValueError:
    """The error for a layer's name that a model does not have; the nearest one is proposed."""
    near = difflib.get_close_matches(str(received), names, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return ValueError(f"{where}: the layers are {', '.join(names)}; received {received!r}{hint}")
