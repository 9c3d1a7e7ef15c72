"""The engine's side of a model: its packed parameters, and the plans for training and inference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fastconv.plan.graph import Graph
from fastconv.plan.parameters import Parameter, ParameterStore
from fastconv.plan.plan import Plan
from fastconv.plan.primitives import Conv2D, Dense

if TYPE_CHECKING:
    from fastconv.losses import Loss
    from fastconv.models.model import Model


class Plans:
    """Keeps one plan for training and one for inference, and makes them anew when they must be.

    A plan holds on to the memory of the parameters. They move when the set of trainable ones
    changes, or when another model that shares them packs them; then everything is made anew.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.store: ParameterStore | None = None
        self._packed: list[tuple[Parameter, np.ndarray, bool]] = []
        self._plans: dict[str, tuple[tuple[Any, ...], Plan]] = {}
        self._loss_fits = False

    def training(self, batch_size: int, dtype: str, *, exactly: bool = True) -> Plan:
        """A plan with gradients; `exactly` asks for this batch size, not for one at least as large.

        A fit asks exactly, so that its bits do not depend on what the model did before.
        """
        return self._plan("training", batch_size, dtype, exactly)

    def inference(self, batch_size: int, dtype: str) -> Plan:
        """A plan for batches of up to `batch_size`."""
        return self._plan("inference", batch_size, dtype, False)

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

    def check_loss(self, loss: Loss, *, where: str) -> None:
        """Refuse a cross-entropy of probabilities on the sums of a linear layer; looks once."""
        if not self._loss_fits and loss.spec.is_crossentropy and not loss.spec.from_logits:
            graph = model_graph(self.model, "float32")
            last = next((node for node in graph.nodes if node.output is graph.outputs[0]), None)
            if last is not None and isinstance(last.primitive, (Conv2D, Dense)):
                raise ValueError(
                    f"{where}: {loss.kind} needs probabilities: end the model with a softmax, or "
                    f"use {type(loss).__name__}(from_logits=True); received the output of "
                    f"{last.label!r}, which has no activation"
                )
        self._loss_fits = True

    def forget(self) -> None:
        """Drop every plan: the loss or the layers have changed."""
        self._plans.clear()
        self._loss_fits = False

    def _plan(self, purpose: str, batch_size: int, dtype: str, exactly: bool) -> Plan:
        self.refresh()
        if purpose in self._plans:
            (size, made_for), plan = self._plans[purpose]
            fits = size == batch_size or (size > batch_size and not exactly)
            if fits and made_for == dtype:
                return plan
        self._plans.pop(purpose, None)  # its memory goes before the next one takes its own
        compiled = self.model.compiled
        loss = None if compiled is None or compiled.loss is None else compiled.loss.spec
        plan = Plan(
            model_graph(self.model, dtype), batch_size, training=purpose == "training", loss=loss
        )
        self._plans[purpose] = (batch_size, dtype), plan
        return plan


def model_graph(model: Model, dtype: str) -> Graph:
    """A model's primitive steps, for input of `dtype`."""
    graph = Graph()
    graph.output(model.emit(graph, graph.input(model.sample_shape, dtype)))
    return graph
