"""The base of all optimizers: learning rate, step count, and slots beside the weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastconv._arguments import as_int, items_of
from fastconv.kernels.optimizers.optimizer_step import Common
from fastconv.kernels.optimizers.parameter_sums import blend, sum_squares
from fastconv.optimizers.groups import Group, Segment, segments_of
from fastconv.optimizers.hyperparameters import check_number, optional_number
from fastconv.optimizers.lookahead import Lookahead
from fastconv.optimizers.schedules import InverseTimeDecay, LearningRateSchedule
from fastconv.optimizers.schedules import get as get_schedule
from fastconv.plan.arena import aligned_zeros
from fastconv.plan.parameters import Parameter, ParameterStore
from fastconv.utils.configured import Configured, serialize

Arrays = dict[str, np.ndarray]
Slots = dict[str, dict[Parameter, np.ndarray]]


@dataclass(frozen=True, slots=True)
class Step:
    """The settings of one step for one segment of the parameters.

    Attributes
    ----------
    number : int
        1 for the first step.
    rate : float
        The learning rate.
    scale, clip, pull, keep : float
        As in `fastconv.kernels.optimizers.optimizer_step.Common`.
    parameter : Parameter
        The segment's first, or its only one.
    """

    number: int
    rate: float
    scale: float
    clip: float
    pull: float
    keep: float
    parameter: Parameter

    def common(self, rate: float | None = None, pull: float | None = None) -> Common:
        """The kernels' arguments, with another rate or pull where a formula changes them."""
        return Common(
            self.rate if rate is None else rate,
            self.scale,
            self.clip,
            self.pull if pull is None else pull,
            self.keep,
        )


class Optimizer(Configured):
    """Updates a model's parameters from their gradients.

    A subclass names its slots (arrays as large as the trainable parameters, zero at the start) and
    defines `update`.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    weight_decay : float, optional
        Each step first subtracts ``learning_rate * weight_decay * weights`` from the weights
        (decoupled, as in Keras).
    clipnorm : float, optional
        The largest norm of each parameter's gradient; a longer gradient is scaled down to it.
    clipvalue : float, optional
        The largest magnitude of a gradient's element.
    global_clipnorm : float, optional
        The largest norm of all gradients together. At most one of the three.
    use_ema : bool
        Keep a running mean of the weights, which replaces them at the end of `fit`.
    ema_momentum : float
    ema_overwrite_frequency : int, optional
        Also replace the weights by the mean after every so many steps.
    decoupled_weight_decay : bool
        False adds ``weight_decay * weights`` to the gradient instead, after the clipping.
    groups : list of Group, optional
        Settings for some of the parameters; the first group that matches a name applies.
    lookahead : Lookahead, optional
    name : str, optional
    lr, decay : float, optional
        Old names: the learning rate, and its decay: ``lr / (1 + decay * step)``.

    Attributes
    ----------
    iterations : int
        Steps taken so far.
    """

    slot_names: tuple[str, ...] = ()
    each_alone = False
    """Whether `update` must be called for each parameter separately."""

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        decoupled_weight_decay: bool = True,
        groups: Sequence[Group | Mapping[str, Any]] | None = None,
        lookahead: Lookahead | Mapping[str, Any] | None = None,
        name: str | None = None,
        lr: float | None = None,
        decay: float | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(**unknown)
        where = type(self).__name__
        self.name = name or where.lower()
        self._schedule: LearningRateSchedule | None = None
        self._learning_rate = 0.0
        rate = learning_rate if lr is None else lr
        if decay:
            rate = InverseTimeDecay(rate, 1, check_number(decay, "decay", 0, math.inf, where=where))
        self.learning_rate = rate
        self.weight_decay = optional_number(weight_decay, "weight_decay", where=where)
        self.decoupled_weight_decay = bool(decoupled_weight_decay)
        self.clipnorm = optional_number(clipnorm, "clipnorm", where=where)
        self.clipvalue = optional_number(clipvalue, "clipvalue", where=where)
        self.global_clipnorm = optional_number(global_clipnorm, "global_clipnorm", where=where)
        limits = (self.clipnorm, self.clipvalue, self.global_clipnorm)
        if sum(limit is not None for limit in limits) > 1:
            raise ValueError(
                f"{where}: only one of clipnorm, clipvalue and global_clipnorm may be given; "
                f"received {clipnorm}, {clipvalue} and {global_clipnorm}"
            )
        self.use_ema = bool(use_ema)
        self.ema_momentum = check_number(ema_momentum, "ema_momentum", 0, 1, where=where)
        self.ema_overwrite_frequency = (
            None
            if ema_overwrite_frequency is None
            else as_int(ema_overwrite_frequency, "ema_overwrite_frequency", where=where)
        )
        given = items_of(groups or ())
        if given is None or not all(isinstance(group, (Group, Mapping)) for group in given):
            raise TypeError(f"{where}: groups must be a list of Group; received {groups!r}")
        self.groups = [g if isinstance(g, Group) else Group.from_config(g) for g in given]
        if not isinstance(lookahead, (Lookahead, Mapping, type(None))):
            raise TypeError(f"{where}: lookahead must be a Lookahead; received {lookahead!r}")
        self.lookahead = (
            Lookahead.from_config(lookahead) if isinstance(lookahead, Mapping) else lookahead
        )
        self.iterations = 0
        self.store: ParameterStore | None = None
        self._slots: Arrays = {}
        self._segments: list[Segment] = []

    @property
    def learning_rate(self) -> float:
        """The current learning rate; may be set at any time, but not if it follows a schedule."""
        if self._schedule is not None:
            return self._schedule(self.iterations)
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        where = type(self).__name__
        if isinstance(value, (LearningRateSchedule, Mapping)):
            self._schedule = get_schedule(value)
        elif self._schedule is not None:
            raise TypeError(
                f"{where}: learning_rate follows {type(self._schedule).__name__}, it cannot be "
                f"set; received {value!r}"
            )
        else:
            self._learning_rate = check_number(value, "learning_rate", 0, math.inf, where=where)

    @property
    def lr(self) -> float:
        """The older name of `learning_rate`."""
        return self.learning_rate

    @lr.setter
    def lr(self, value: Any) -> None:
        self.learning_rate = value

    def build(self, store: ParameterStore) -> None:
        """Update the parameters in `store` from now on; those in both stores keep their slots.

        Raises
        ------
        ValueError
            If steps were taken, but on none of these parameters: all slots would be lost.
        """
        if store is self.store:
            return
        trained = self.store.parameters if self.store is not None and self.iterations else []
        if trained and not set(trained) & set(store.parameters):
            raise ValueError(
                f"{type(self).__name__}: an optimizer keeps what it learns of one model's weights; "
                f"received another model after {self.iterations} steps (each model needs an "
                "optimizer of its own)"
            )
        alone = self.each_alone or self.clipnorm is not None
        segments = segments_of(store, self.groups, self.weight_decay, alone=alone)
        before = self.slots()
        self.store, self._segments = store, segments
        store.allocate_grads()
        self._slots = {
            name: aligned_zeros((store.trainable_size,), np.float32) for name in self.slot_names
        }
        if self.use_ema:
            self._slots["ema"] = store.values[: store.trainable_size].copy()
        if self.lookahead is not None:
            self._slots["slow"] = store.values.copy()
        self.start_slots(self._slots)
        for name, views in self.slots().items():
            for parameter, view in views.items():
                if parameter in before.get(name, {}):
                    view[...] = before[name][parameter]

    def start_slots(self, slots: Arrays) -> None:
        """Fill slots that do not start at zero."""

    def slots(self) -> Slots:
        """For each slot's name, its array for each parameter: writable views."""
        if self.store is None:
            return {}
        return {name: dict(self.store.views(flat)) for name, flat in self._slots.items()}

    def apply(self) -> None:
        """Take one step by the gradients in the store."""
        store = self.store
        if store is None or store.grads is None:
            raise ValueError("optimizer: apply follows build(store) and a backward pass")
        rate = self.learning_rate
        if self.iterations == 0 and self.lookahead is not None:
            self._slots["slow"][...] = store.values  # the weights may have been set since `build`
        self.iterations += 1
        for segment, scale in self._clip_factors(store.grads):
            if self.iterations > segment.until:
                continue
            own = rate * segment.multiplier
            decay = segment.weight_decay
            step = Step(
                self.iterations,
                own,
                scale,
                self.clipvalue or math.inf,
                0.0 if self.decoupled_weight_decay else decay,
                1 - own * decay if self.decoupled_weight_decay else 1.0,
                segment.parameter,
            )
            part = slice(segment.start, segment.stop)
            slots = {name: self._slots[name][part] for name in self.slot_names}
            self.update(store.values[part], store.grads[part], slots, step)
        self._average(store)
        store.changed()

    def update(self, w: np.ndarray, g: np.ndarray, slots: Arrays, step: Step) -> None:
        """One step over flat float32 arrays: changes `w` and `slots` in place."""
        raise NotImplementedError(f"{type(self).__name__} must define update(w, g, slots, step)")

    def finish(self) -> None:
        """At the end of a training: replace the weights by the running mean, with `use_ema`."""
        if self.use_ema and self.store is not None and self.iterations:
            self.store.values[: self.store.trainable_size] = self._slots["ema"]
            self.store.changed()

    def _clip_factors(self, grads: np.ndarray) -> list[tuple[Segment, float]]:
        """Each segment, with the factor that clips its gradient's norm."""
        if self.global_clipnorm:
            scale = _clip_factor(sum_squares(grads), self.global_clipnorm)
            return [(segment, scale) for segment in self._segments]
        if self.clipnorm:
            return [
                (s, _clip_factor(sum_squares(grads[s.start : s.stop]), self.clipnorm))
                for s in self._segments
            ]
        return [(segment, 1.0) for segment in self._segments]

    def _average(self, store: ParameterStore) -> None:
        if self.use_ema:
            weights, mean = store.values[: store.trainable_size], self._slots["ema"]
            blend(weights, mean, 1.0 if self.iterations == 1 else 1 - self.ema_momentum)
            every = self.ema_overwrite_frequency
            if every is not None and self.iterations % every == 0:
                weights[...] = mean
        if self.lookahead is not None:
            self.lookahead.follow(self.iterations, store.values, self._slots["slow"])

    def get_config(self) -> dict[str, Any]:
        """The learning rate, and those shared arguments that differ from their defaults."""
        rate = self._learning_rate if self._schedule is None else serialize(self._schedule)
        shared: dict[str, tuple[Any, Any]] = {
            "weight_decay": (self.weight_decay, None),
            "clipnorm": (self.clipnorm, None),
            "clipvalue": (self.clipvalue, None),
            "global_clipnorm": (self.global_clipnorm, None),
            "use_ema": (self.use_ema, False),
            "ema_momentum": (self.ema_momentum, 0.99),
            "ema_overwrite_frequency": (self.ema_overwrite_frequency, None),
            "decoupled_weight_decay": (self.decoupled_weight_decay, True),
            "groups": ([group.get_config() for group in self.groups], []),
            "lookahead": (self.lookahead and self.lookahead.get_config(), None),
            "name": (self.name, type(self).__name__.lower()),
        }
        return {"learning_rate": rate} | {
            key: value for key, (value, default) in shared.items() if value != default
        }


def _clip_factor(squares: float, limit: float) -> float:
    """The factor that clips the norm of a vector with this sum of squares; keeps NaN and Inf."""
    norm = math.sqrt(squares)
    return 1.0 if norm <= limit else limit / norm
