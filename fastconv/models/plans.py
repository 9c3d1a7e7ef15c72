"""A model's packed parameters, and its plans for training and inference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fastconv.models.data.samples import Signature
from fastconv.plan.graph import Graph
from fastconv.plan.operations.elementwise import ActivityPenalty
from fastconv.plan.operations.products import Conv2D, Dense
from fastconv.plan.parameters import Parameter, ParameterStore
from fastconv.plan.plan import Plan
from fastconv.utils.structures import leaves, rebuild

if TYPE_CHECKING:
    from fastconv.models.model import Model


class Plans:
    """A cache of plans for training and inference.

    A model with open sizes has plans for the `KEPT` most recently used input shapes.

    A plan refers to the memory of the parameters. They move when the set of trainable ones changes,
    or when another model that shares them packs them; then all plans are rebuilt.
    """

    KEPT = 4

    def __init__(self, model: Model) -> None:
        self.model = model
        self.store: ParameterStore | None = None
        self._packed: list[tuple[Parameter, np.ndarray, bool]] = []
        self._plans: dict[tuple[Any, ...], tuple[tuple[Any, ...], Plan]] = {}
        self._losses_fit = False
        self._profile = False

    @property
    def profile(self) -> bool:
        """Whether the plans time every step."""
        return self._profile

    @profile.setter
    def profile(self, value: bool) -> None:
        self._profile = value
        for _, plan in self._plans.values():
            plan.profile = value

    def report(self) -> str:
        """The reports of all plans, the most recently used last."""
        if not self._plans:
            raise RuntimeError(
                "plan_report: plans are made for a batch's shape; call fit, train_on_batch or "
                "predict first"
            )
        parts = [
            f"{key[0]}, batches of up to {made_for[0]}\n{plan.report()}"
            for key, (made_for, plan) in self._plans.items()
        ]
        return "\n\n".join(parts)

    def training(self, batch_size: int, signature: Signature, *, exactly: bool = True) -> Plan:
        """A plan with a backward pass; `exactly` for this batch size, else for at least this.

        `fit` requires the exact size, so that its bits do not depend on what the model did before.
        """
        return self._plan("training", batch_size, signature, exactly)

    def inference(self, batch_size: int, signature: Signature) -> Plan:
        """A plan for batches of up to `batch_size`: the one for training, if it is large enough."""
        self.refresh()
        key = ("training", *(shape for shape, _ in signature))
        if key in self._plans:
            (size, made_for), plan = self._plans[key]
            if size >= batch_size and made_for == signature:
                return plan
        return self._plan("inference", batch_size, signature, False)

    def refresh(self) -> None:
        """Pack the parameters if they are not packed, and pass them to the optimizer."""
        model = self.model
        now = [(p, p.value, p.trainable) for p in model.parameters]
        same = len(now) == len(self._packed) and all(
            a[0] is b[0] and a[1] is b[1] and a[2] == b[2]
            for a, b in zip(now, self._packed, strict=True)
        )
        if self.store is None or not same:
            self._plans.clear()
            self.store = ParameterStore(model.parameters)
            self._packed = [(p, p.value, p.trainable) for p in model.parameters]
        if model.compiled is not None:
            model.compiled.optimizer.build(self.store)

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
        self._plans.clear()
        self._losses_fit = False

    def _plan(self, purpose: str, batch_size: int, signature: Signature, exactly: bool) -> Plan:
        self.refresh()
        key = (purpose, *(shape for shape, _ in signature))
        if key in self._plans:
            (size, made_for), plan = self._plans.pop(key)
            fits = size == batch_size or (size > batch_size and not exactly)
            if fits and made_for == signature:
                self._plans[key] = (size, made_for), plan  # most recently used last
                return plan
            del plan  # free its memory before the new plan allocates its own
        self._make_room(purpose)
        compiled = self.model.compiled
        specs = None if compiled is None else compiled.loss_specs(self.model.output_specs)
        graph = model_graph(self.model, signature)
        plan = Plan(graph, batch_size, training=purpose == "training", loss=specs)
        plan.profile = self._profile
        self._plans[key] = (batch_size, signature), plan
        return plan

    def _make_room(self, purpose: str) -> None:
        """Drop the least recently used plan of this purpose, if there are `KEPT` already."""
        same = [key for key in self._plans if key[0] == purpose]
        for key in same[: max(0, len(same) + 1 - self.KEPT)]:
            del self._plans[key]


def model_graph(model: Model, signature: Signature) -> Graph:
    """The graph of a model's primitives, for inputs of these shapes and dtypes."""
    graph = Graph()
    values = [graph.input(shape, dtype) for shape, dtype in signature]
    for y in leaves(model.emit(graph, rebuild(model.input, values))):
        graph.output(y)
    return graph
