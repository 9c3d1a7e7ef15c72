"""Which loss a plan computes, and the checks of its targets."""

from __future__ import annotations

from dataclasses import dataclass

from fastconv._arguments import check_choice

KINDS = ("categorical_crossentropy", "sparse_categorical_crossentropy", "mean_squared_error")


@dataclass(frozen=True, slots=True)
class LossSpec:
    """A loss by name.

    Both cross-entropies and the mean squared error work along the last axis of the output and are
    averaged over everything else, each row times its sample's weight.

    Parameters
    ----------
    kind : "categorical_crossentropy", "sparse_categorical_crossentropy" or "mean_squared_error"
        The first wants targets of the output's shape, the second class numbers.
    from_logits : bool
        Whether a cross-entropy's output is before the softmax.
    weight : float
        What the loss is multiplied by in the sum of all losses.

    Raises
    ------
    TypeError, ValueError
        For anything else; the nearest name is proposed.
    """

    kind: str
    from_logits: bool = False
    weight: float = 1.0

    def __post_init__(self) -> None:
        check_choice(self.kind, KINDS, where="LossSpec", what="kind")
        if not isinstance(self.from_logits, bool):
            raise TypeError(
                f"LossSpec: from_logits must be True or False; received {self.from_logits!r}"
            )
        if self.from_logits and not self.is_crossentropy:
            raise ValueError(
                f"LossSpec: from_logits belongs to a cross-entropy; received kind {self.kind!r}"
            )

    @property
    def is_crossentropy(self) -> bool:
        return self.kind != "mean_squared_error"

    @property
    def wants_probabilities(self) -> bool:
        """Whether the output must not be a linear layer's."""
        return self.is_crossentropy and not self.from_logits

    @property
    def is_sparse(self) -> bool:
        return self.kind == "sparse_categorical_crossentropy"
