"""What every primitive step is."""

from __future__ import annotations

from dataclasses import dataclass

from fastconv.plan.parameters import Parameter


@dataclass(frozen=True, eq=False)
class Primitive:
    """A step of a graph. `parameters` are those that it reads and, if trainable, differentiates."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return ()

    @property
    def title(self) -> str:
        """A word or two for the plan's report."""
        return type(self).__name__.lower()
