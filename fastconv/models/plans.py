"""The engine's side of a model: its packed parameters, and the plans for training and inference."""

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
    """Keeps a plan for training and one for inference, and makes them anew when they must be.

    A model that leaves sizes open has plans for the `KEPT` sizes that were used last.

    A plan holds on to the memory of the parameters. They move when the set of trainable ones
    changes, or when another model that shares them packs them; then everything is made anew.
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
        """Whether the plans measure every step."""
        return self._profile

    @profile.setter
    def profile(self, value: bool) -> None:
        self._profile = value
        for _, plan in self._plans.values():
            plan.profile = value

    def report(self) -> str:
        """The reports of all plans, the one used last at the end."""
        if not self._plans:
            raise RuntimeError(
                "plan_report: plans are made for a batch's shape; call fit, train_on_batch or "
                "predict first"
            )
        parts = [
            f"{place[0]}, batches of up to {made_for[0]}\n{plan.report()}"
            for place, (made_for, plan) in self._plans.items()
        ]
        return "\n\n".join(parts)

    def training(self, batch_size: int, signature: Signature, *, exactly: bool = True) -> Plan:
        """A plan with gradients; `exactly` asks for this batch size, not for one at least as large.

        A fit asks exactly, so that its bits do not depend on what the model did before.
        """
        return self._plan("training", batch_size, signature, exactly)

    def inference(self, batch_size: int, signature: Signature) -> Plan:
        """A plan for batches of up to `batch_size`: that for training, if its memory suffices."""
        self.refresh()
        place = ("training", *(shape for shape, _ in signature))
        if place in self._plans:
            (size, made_for), plan = self._plans[place]
            if size >= batch_size and made_for == signature:
                return plan
        return self._plan("inference", batch_size, signature, False)

    def refresh(self) -> None:
        """Pack the parameters if they are not, and hand them to the optimizer."""
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
        """Refuse a cross-entropy of probabilities on the sums of a linear layer; looks once."""
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
        place = (purpose, *(shape for shape, _ in signature))
        if place in self._plans:
            (size, made_for), plan = self._plans.pop(place)
            fits = size == batch_size or (size > batch_size and not exactly)
            if fits and made_for == signature:
                self._plans[place] = (size, made_for), plan  # the last one used stands last
                return plan
            del plan  # its memory goes before the next one takes its own
        self._make_room(purpose)
        compiled = self.model.compiled
        specs = None if compiled is None else compiled.loss_specs(self.model.output_specs)
        graph = model_graph(self.model, signature)
        plan = Plan(graph, batch_size, training=purpose == "training", loss=specs)
        plan.profile = self._profile
        self._plans[place] = (batch_size, signature), plan
        return plan

    def _make_room(self, purpose: str) -> None:
        """Drop the plan of the size that was not used for longest, if there are many."""
        same = [place for place in self._plans if place[0] == purpose]
        for place in same[: max(0, len(same) + 1 - self.KEPT)]:
            del self._plans[place]


def model_graph(model: Model, signature: Signature) -> Graph:
    """A model's primitive steps, for inputs of these shapes and dtypes."""
    graph = Graph()
    values = [graph.input(shape, dtype) for shape, dtype in signature]
    for y in leaves(model.emit(graph, rebuild(model.input, values))):
        graph.output(y)
    return graph
