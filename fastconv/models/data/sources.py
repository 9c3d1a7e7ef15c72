"""The batch source for the user's x and y."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from fastconv._arguments import as_int
from fastconv.models.data.batches import Batches
from fastconv.models.data.samples import Samples, check_samples, check_x, with_class_weight
from fastconv.models.data.stream import Stream, comes_in_batches, unpack

if TYPE_CHECKING:
    from fastconv.models.model import Model

Source: TypeAlias = Batches | Stream

DEFAULT_BATCH = 32


def batch_size_of(value: Any, *, where: str) -> int:
    """The user's batch size; 32 by default."""
    return as_int(DEFAULT_BATCH if value is None else value, "batch_size", where=where)


def steps_of(value: Any, what: str, *, where: str) -> int | None:
    """A number of batches, or None."""
    return None if value is None else as_int(value, what, where=where)


def labelled(
    model: Model,
    x: Any,
    y: Any,
    sample_weight: Any,
    batch_size: Any,
    steps: int | None,
    *,
    where: str,
) -> Source:
    """A batch source with targets."""
    if comes_in_batches(x, y):
        return labelled_stream(model, x, y, sample_weight, steps, anew=True, where=where)
    size = batch_size_of(batch_size, where=where)
    return Batches(check_samples(model, x, y, sample_weight, where=where), size, steps)


def labelled_stream(
    model: Model,
    x: Any,
    y: Any,
    sample_weight: Any,
    steps: int | None,
    class_weight: Mapping[int, float] | None = None,
    *,
    anew: bool = False,
    where: str,
) -> Stream:
    """A batch source with targets, for an iterable of (x, y) or (x, y, sample_weight)."""
    for given, what in ((y, "y"), (sample_weight, "sample_weight")):
        if given is not None:
            raise ValueError(
                f"{where}: {what} comes with the batches, if x is an iterable of them; received "
                f"{what} besides"
            )

    def prepare(item: Any) -> Samples:
        data = check_samples(model, *unpack(item, where=where), where=where)
        return with_class_weight(model, data, class_weight, where=where)

    stream = Stream(x, prepare, steps, anew=anew, where=where)
    stream.peek()
    return stream


def unlabelled(model: Model, x: Any, batch_size: Any, steps: int | None, *, where: str) -> Source:
    """A batch source without targets; those in an iterable's batches are ignored."""
    if comes_in_batches(x, None):

        def prepare(item: Any) -> Samples:
            x = item[0] if _has_targets(model, item) else item
            return Samples(check_x(model, x, where=where), [], [])

        stream = Stream(x, prepare, steps, anew=True, where=where)
        stream.peek()
        return stream
    size = batch_size_of(batch_size, where=where)
    return Batches(Samples(check_x(model, x, where=where), [], []), size, steps)


def _has_targets(model: Model, item: Any) -> bool:
    """Whether a batch is (x, ...) rather than x alone; PyTorch's loaders give lists."""
    if isinstance(item, list) and item and model.built and len(model.input_specs) == 1:
        return getattr(item[0], "ndim", None) == len(model.input_specs[0].shape) + 1
    return isinstance(item, tuple)
