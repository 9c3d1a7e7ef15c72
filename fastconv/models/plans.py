"""A model's packed parameters, and its plans for training and inference."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fastconv.models.data.samples import Signature
from fastconv.plan.algorithms import nominal_batch
from fastconv.plan.graph import Graph
from fastconv.plan.operations.elementwise import ActivityPenalty
from fastconv.plan.operations.products import Conv2D, Dense
from fastconv.plan.parameters import Parameter, ParameterStore, arrangement
from fastconv.plan.plan import Plan
from fastconv.utils.locks import AfterFork, SharedLock
from fastconv.utils.structures import leaves, rebuild

if TYPE_CHECKING:
    from fastconv.models.model import Model


class Plans(AfterFork):
    """A cache of plans for training and inference, which it lends to one thread at a time.

    A plan refers to the memory of the parameters. They move when the set of trainable ones changes,
    or when another model that shares them packs them; then all plans are rebuilt.

    Several threads that predict borrow plans of their own and run side by side. Whoever changes the
    parameters, as a training step does, waits for them and then has exclusive use of the model
    (`lock`). For each purpose, plans of the `KEPT` most recently used input shapes, in batches of
    a few samples or of many, are kept.
    """

    KEPT = 4

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model
        self.lock = SharedLock()
        self.store: ParameterStore | None = None
        self._packed: list[tuple[Parameter, np.ndarray, bool]] = []
        self._packed_at: int | None = None  # the `arrangement` in which they were
        # Plans that are not lent, by purpose, shapes and `nominal_batch`, the most recently used
        # last.
        self._idle: dict[tuple[Any, ...], list[_Kept]] = {}
        self._table = threading.RLock()
        self._trainer: int | None = None
        self._losses_fit = False
        self._profile = False

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy of a model, or one that was pickled, begins without plans and without locks."""
        return type(self), (self.model,), {"_profile": self._profile}

    def after_fork(self) -> None:
        """In the child, the plans that other threads had borrowed are gone, and so is their fit."""
        self._table = threading.RLock()
        if self._trainer != threading.get_ident():
            self._trainer = None

    @property
    def profile(self) -> bool:
        """Whether the plans time every step."""
        return self._profile

    @profile.setter
    def profile(self, value: bool) -> None:
        with self._table:
            self._profile = value
            for kept in self._all():
                kept.plan.profile = value

    def report(self) -> str:
        """The reports of all plans, the most recently used last."""
        with self._table:
            parts = [
                f"{place[0]}, batches of up to {kept.rows}\n{kept.plan.report()}"
                for place, plans in self._idle.items()
                for kept in plans
            ]
        if not parts:
            raise RuntimeError(
                "plan_report: plans are made for a batch's shape; call fit, train_on_batch or "
                "predict first"
            )
        return "\n\n".join(parts)

    def training(self, batch_size: int, signature: Signature, *, exactly: bool = True) -> _Lease:
        """A context manager: a plan with a backward pass, and exclusive use of the model.

        `exactly` asks for this batch size, else for at least this. `fit` requires the exact size,
        so that its bits do not depend on what the model did before.
        """
        return _Lease(self, "training", batch_size, signature, exactly)

    def inference(self, batch_size: int, signature: Signature) -> _Lease:
        """A context manager: a plan without a backward pass for up to `batch_size` rows."""
        return _Lease(self, "inference", batch_size, signature, False)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """While it lasts, the parameters are packed, and no thread changes them or the slots."""
        self._begin_reading()
        try:
            yield
        finally:
            self.lock.reading.__exit__()

    def _begin_reading(self) -> None:
        self.lock.reading.__enter__()
        while not self._is_fresh():
            self.lock.reading.__exit__()
            self.refresh()
            self.lock.reading.__enter__()

    @contextmanager
    def fitting(self) -> Iterator[None]:
        """While it lasts, no other thread may call `fit`.

        Raises
        ------
        RuntimeError
            If another thread does so now.
        """
        me, outer = threading.get_ident(), self._trainer
        with self._table:
            if self._trainer not in (None, me):
                raise RuntimeError(
                    "fit: a model may be trained by one fit at a time; received a call while "
                    "another thread is within fit"
                )
            outer, self._trainer = self._trainer, me
        try:
            yield
        finally:
            self._trainer = outer

    def refresh(self) -> None:
        """Pack the parameters if they are not packed, and pass them to the optimizer."""
        if self._is_fresh():
            return
        with self.lock.writing:
            model = self.model
            if not self._is_packed():
                self._drop()
                self.store = ParameterStore(model.parameters)
                self._packed = [(p, p.value, p.trainable) for p in model.parameters]
            if model.compiled is not None:
                assert self.store is not None
                model.compiled.optimizer.build(self.store)

    def _is_fresh(self) -> bool:
        compiled = self.model.compiled
        if compiled is not None and compiled.optimizer.store is not self.store:
            return False
        now = arrangement()
        if self._packed_at != now and self._is_packed():
            self._packed_at = now  # else it is checked again at every call, which takes longer
        return self._packed_at == now

    def _is_packed(self) -> bool:
        if self.store is None:
            return False
        parameters = self.model.parameters
        return len(parameters) == len(self._packed) and all(
            p is q and p.value is value and p.trainable == trainable
            for p, (q, value, trainable) in zip(parameters, self._packed, strict=True)
        )

    def check_losses(self, *, where: str) -> None:
        """Refuse a loss of probabilities on the logits of a linear layer; checks only once."""
        model = self.model
        if self._losses_fit or model.compiled is None:
            return
        losses = model.compiled.losses(model.output_specs)
        suspects = [loss is not None and loss.spec.wants_probabilities for loss in losses]
        if any(suspects) and all(None not in spec.shape for spec in model.input_specs):
            shapes = [tuple(size or 1 for size in spec.shape) for spec in model.input_specs]
            graph = model_graph(model, tuple((shape, "float32") for shape in shapes))
            writers = {node.output: node for node in graph.nodes}
            for loss, suspect, y in zip(losses, suspects, graph.outputs, strict=True):
                last = writers.get(y)
                while last is not None and isinstance(last.primitive, ActivityPenalty):
                    last = writers.get(last.inputs[0])
                if suspect and last is not None and isinstance(last.primitive, (Conv2D, Dense)):
                    assert loss is not None
                    raise ValueError(
                        f"{where}: {loss.kind} needs probabilities: end the model with a "
                        f"{loss.ending}, or use {type(loss).__name__}(from_logits=True); "
                        f"received the output of {last.label!r}, which has no activation"
                    )
        self._losses_fit = True

    def forget(self) -> None:
        """Drop every plan: the loss or the layers have changed."""
        with self.lock.writing:
            self._drop()
            self._losses_fit = False

    def _drop(self) -> None:
        with self._table:
            self._idle = {}  # plans that are lent are dropped on their return: see _Lease

    def _take(
        self, place: tuple[Any, ...], batch_size: int, signature: Signature, exactly: bool
    ) -> _Kept | None:
        """A plan that fits and is not lent, if there is one."""
        plans = self._idle.get(place, [])
        for i, kept in enumerate(plans):
            fits = kept.rows == batch_size or (kept.rows > batch_size and not exactly)
            if fits and kept.signature == signature:
                return plans.pop(i)
        return None

    def _make(self, purpose: str, batch_size: int, signature: Signature) -> _Kept:
        same = [place for place in self._idle if place[0] == purpose]
        for place in same[: max(0, len(same) + 1 - self.KEPT)]:
            del self._idle[place]
        compiled = self.model.compiled
        specs = None if compiled is None else compiled.loss_specs(self.model.output_specs)
        graph = model_graph(self.model, signature)
        plan = Plan(graph, batch_size, training=purpose == "training", loss=specs)
        plan.profile = self._profile
        return _Kept(batch_size, signature, plan)

    def _give_back(self, place: tuple[Any, ...], kept: _Kept) -> None:
        kept.plan.profile = self._profile
        plans = self._idle.pop(place, [])
        self._idle[place] = [*plans, kept]

    def _all(self) -> Iterator[_Kept]:
        for plans in self._idle.values():
            yield from plans


class _Kept(NamedTuple):
    """A plan, and what it was made for."""

    rows: int
    signature: Signature
    plan: Plan


class _Lease:
    """A plan, for one thread from `__enter__` to `__exit__`."""

    __slots__ = (
        "_exactly", "_idle", "_kept", "_place", "_plans", "_purpose", "_rows", "_signature",
    )  # fmt: skip

    def __init__(
        self, plans: Plans, purpose: str, rows: int, signature: Signature, exactly: bool
    ) -> None:
        self._plans, self._purpose = plans, purpose
        self._rows, self._signature, self._exactly = rows, signature, exactly
        # A batch is never computed by algorithms that were chosen for much larger ones.
        self._place = purpose, tuple(shape for shape, _ in signature), nominal_batch(rows)

    def __enter__(self) -> Plan:
        plans = self._plans
        if self._purpose == "training":
            plans.lock.writing.__enter__()
        else:
            plans._begin_reading()
        try:
            return self._take().plan
        except BaseException:
            self._release()
            raise

    def __exit__(self, *error: object) -> None:
        plans = self._plans
        try:
            with plans._table:
                if self._idle is plans._idle:  # else the model has changed meanwhile
                    plans._give_back(self._place, self._kept)
        finally:
            self._release()

    def _take(self) -> _Kept:
        plans = self._plans
        if self._purpose == "training":
            plans.refresh()
        with plans._table:
            self._idle = plans._idle
            kept = plans._take(self._place, self._rows, self._signature, self._exactly)
            if kept is None:
                plans._idle.pop(self._place, None)  # their memory goes before the next one's comes
                kept = plans._make(self._purpose, self._rows, self._signature)
            self._kept = kept
        return kept

    def _release(self) -> None:
        lock = self._plans.lock
        (lock.writing if self._purpose == "training" else lock.reading).__exit__()


def model_graph(model: Model, signature: Signature) -> Graph:
    """The graph of a model's primitives, for inputs of these shapes and dtypes."""
    graph = Graph()
    values = [graph.input(shape, dtype) for shape, dtype in signature]
    for y in leaves(model.emit(graph, rebuild(model.input, values))):
        graph.output(y)
    return graph
