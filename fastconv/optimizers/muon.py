"""Muon: orthogonalized momentum for matrices."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastconv._arguments import as_float, as_int, items_of
from fastconv.kernels.matmul.gemm import gemm
from fastconv.kernels.optimizers.optimizer_step import adam_step, muon_direction
from fastconv.kernels.optimizers.parameter_sums import sum_squares
from fastconv.optimizers.base import Arrays, Optimizer, Step
from fastconv.optimizers.hyperparameters import check_number, optional_number
from fastconv.plan.parameters import Parameter, ParameterStore


class Muon(Optimizer):
    """Momentum orthogonalized by a Newton-Schulz iteration (Jordan et al. 2024).

    Matrices, and with `convolutions` the kernels of convolutions as matrices of
    (kh * kw * inputs, outputs), change by -learning_rate * rms_rate * sqrt(larger side) times the
    orthogonal factor of their momentum; all other parameters are updated by Adam. (The formulas are
    Keras's, which has orthogonal steps for matrices only.)

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    adam_beta_1, adam_beta_2, epsilon : float
        Of Adam.
    adam_weight_decay, weight_decay : float, optional
        For Adam's parameters, and for the others.
    exclude_layers : list of str
        Regular expressions: parameters whose names contain a match are updated by Adam.
    muon_a, muon_b, muon_c : float
        Of the iteration x = a x + (b s + c s²) x, s = x xᵀ.
    adam_lr_ratio : float
        Adam's learning rate over that of the others.
    momentum : float
    ns_steps : int
    nesterov : bool
    rms_rate : float, optional
        None leaves the size of the step as it is.
    convolutions : bool
    **kwargs
        What every `Optimizer` takes.
    """

    each_alone = True
    slot_names = ("m", "v")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        exclude_layers: Sequence[str] | None = None,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1.0,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        convolutions: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, **kwargs)
        where = "Muon"
        self.adam_beta_1 = check_number(adam_beta_1, "adam_beta_1", 0, 1, where=where)
        self.adam_beta_2 = check_number(adam_beta_2, "adam_beta_2", 0, 1, where=where)
        self.adam_weight_decay = optional_number(
            adam_weight_decay, "adam_weight_decay", where=where
        )
        self.epsilon = check_number(epsilon, "epsilon", 0, math.inf, where=where)
        patterns = items_of(exclude_layers or ())
        if patterns is None or not all(isinstance(item, str) for item in patterns):
            raise TypeError(
                f"{where}: exclude_layers must be a list of patterns; received {exclude_layers!r}"
            )
        self.exclude_layers = patterns
        self.muon_a = as_float(muon_a, "muon_a", where=where)
        self.muon_b = as_float(muon_b, "muon_b", where=where)
        self.muon_c = as_float(muon_c, "muon_c", where=where)
        self.adam_lr_ratio = check_number(adam_lr_ratio, "adam_lr_ratio", 0, math.inf, where=where)
        self.momentum = check_number(momentum, "momentum", 0, 1, where=where)
        self.ns_steps = as_int(ns_steps, "ns_steps", where=where, minimum=0)
        self.nesterov = bool(nesterov)
        self.rms_rate = optional_number(rms_rate, "rms_rate", where=where)
        self.convolutions = bool(convolutions)

    def build(self, store: ParameterStore) -> None:
        fresh = store is not self.store
        super().build(store)
        if fresh:
            plain = self.weight_decay or 0.0
            for segment in self._segments:
                # A decay that a group sets stays.
                if segment.weight_decay == plain and self._by_adam(segment.parameter):
                    segment.weight_decay = self.adam_weight_decay or 0.0

    def update(self, w: np.ndarray, g: np.ndarray, slots: Arrays, step: Step) -> None:
        if self._by_adam(step.parameter):
            t, beta_1, beta_2 = step.number, self.adam_beta_1, self.adam_beta_2
            rate = step.rate * self.adam_lr_ratio
            common = step.common(rate * math.sqrt(1 - beta_2**t) / (1 - beta_1**t))
            adam_step(w, g, slots["m"], slots["v"], common, beta_1, beta_2, self.epsilon)
            return
        shape = (w.size // step.parameter.shape[-1], step.parameter.shape[-1])
        direction = np.empty(w.size, np.float32)
        muon_direction(w, g, slots["m"], direction, step.common(), self.momentum, self.nesterov)
        factor = self.orthogonal(direction.reshape(shape))
        rate = step.rate
        if self.rms_rate is not None:
            rate *= math.sqrt(max(shape)) * self.rms_rate
        matrix = w.reshape(shape)
        matrix -= np.float32(rate) * factor

    def orthogonal(self, x: np.ndarray) -> np.ndarray:
        """The approximate orthogonal factor of x, by `ns_steps` rounds of Newton-Schulz."""
        rows = x if x.shape[0] <= x.shape[1] else np.ascontiguousarray(x.T)
        side = len(rows)
        norm = math.sqrt(sum_squares(rows.reshape(-1))) + 1e-7
        rows = rows / np.float32(norm)
        square = np.empty((side, side), np.float32)
        pull = np.empty_like(square)
        other = np.empty_like(rows)
        for _ in range(self.ns_steps):
            gemm(rows, rows.T, square, 1.0, 0.0)
            pull[...] = square
            gemm(square, square, pull, self.muon_c, self.muon_b)
            other[...] = rows
            gemm(pull, rows, other, 1.0, self.muon_a)
            rows, other = other, rows
        return rows if x.shape[0] <= x.shape[1] else rows.T

    def _by_adam(self, parameter: Parameter) -> bool:
        axes = len(parameter.shape)
        if axes != 2 and not (self.convolutions and axes > 2):
            return True
        return any(re.search(pattern, parameter.name) for pattern in self.exclude_layers)

    def get_config(self) -> dict[str, Any]:
        names = (
            "adam_beta_1", "adam_beta_2", "adam_weight_decay", "epsilon", "weight_decay",
            "exclude_layers", "muon_a", "muon_b", "muon_c", "adam_lr_ratio", "momentum", "ns_steps",
            "nesterov", "rms_rate", "convolutions",
        )  # fmt: skip
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
