"""Every public layer: hostile constructor arguments, and calls on small arrays.

A layer may refuse by a TypeError or ValueError that names it (its class, its own name, or the
function) or the part of it that refuses ("initializer: ...", "L1L2: ..."), both when it is made and
when it is called. Else its result has the shape that it
announces, is the same the second time, and its configuration makes an equal layer.
"""

from __future__ import annotations

import inspect
import random
import re
import warnings
from pathlib import Path
from typing import Any

import draws
import numpy as np
from driver import WrongOutcome

from fastconv import layers

ABSTRACT = {"Layer"}
VALUES: dict[str, tuple[Any, ...]] = {
    "activation": ("relu", "softmax", "gelu", None, "leaky_relu"), "filters": (1, 2, 4),
    "kernel_size": (1, 2, 3), "strides": (1, 2, (1, 2)), "padding": ("same", "valid"),
    "dilation_rate": (1, 2), "groups": (1, 2, -1), "rate": (0, 0.5), "units": (1, 5),
    "target_shape": ((-1,), (1, -1)), "dims": ((2, 1), (1,)), "n": (2,), "height": (2, 4),
    "width": (2, 4), "height_factor": (0.2, (-0.1, 0.1)), "width_factor": (0.2,), "shape": ((3,),),
    "factor": (0.2,), "scale": (2.0,), "size": (2, (1, 2)), "cropping": (1, ((0, 1), (1, 0))),
    "pool_size": (1, 2, (2, 1)), "data_format": ("channels_last", "channels_first"),
    "use_bias": (True, False), "axis": (-1, 1), "epsilon": (1e-3,), "mode": ("horizontal",),
    "interpolation": ("nearest", "bilinear"), "fill_mode": ("wrap", "constant"),
}  # fmt: skip
"""What an argument of that name may be: others keep their default."""
SHAPES = ((2, 6, 7, 4), (1, 5, 5, 1), (3, 8, 3), (2, 4), (1, 1), (0, 6, 6, 2), (2, 1, 1, 3))
FEW = 100
"""Larger arguments may ask for more memory than there is."""


def make_target(name: str, scratch: Path) -> Layers:
    """The target "layers"."""
    return Layers()


class Layers:
    """Cases over `fastconv.layers.__all__`."""

    names = tuple(name for name in layers.__all__ if name not in ABSTRACT)

    def draw(self, rng: random.Random) -> LayerCase:
        """A layer with random arguments."""
        return LayerCase(rng.choice(self.names), rng)


class LayerCase:
    """One layer, made and called."""

    def __init__(self, name: str, rng: random.Random) -> None:
        self.name, self.outcome = name, "right"
        self.thing = getattr(layers, name)
        self.is_class = isinstance(self.thing, type)
        self.arguments: dict[str, Any] = {}
        found = parameters_of(self.thing)
        for key, one in found.items():
            needed = one.default is inspect.Parameter.empty
            if key in VALUES and (needed or rng.random() < 0.2):
                self.arguments[key] = rng.choice(VALUES[key])
        self.hostile = [key for key in rng.sample(sorted(found), min(len(found), 2))
                        if rng.random() < 0.4]  # fmt: skip
        for key in self.hostile:
            self.arguments[key] = draws.sizes(rng) if rng.random() < 0.6 else draws.number(rng)
        shape = rng.choice(SHAPES)
        plain = draws.numbers_of(rng, shape, rng.choice(("normal", "integers", "special")))
        self.x, _ = draws.form_of(rng, plain)
        self.spoilt = rng.random() < 0.15
        if self.spoilt:
            self.x = draws.array(rng, plain)
        self.several = rng.choice((1, 2, 3))
        self.training = rng.random() < 0.3
        self.large = draws.is_huge(self.x) or any(
            is_large(value) for value in self.arguments.values()
        )
        shown = ", ".join(f"{k}={draws.shown(v)}" for k, v in self.arguments.items())
        self.text = f"{name}({shown})({draws.shown(self.x)})"

    def run(self) -> None:
        """Make the layer and call it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with np.errstate(all="ignore"):
                self._run()

    def _run(self) -> None:
        if not self.is_class:
            self._guarded(lambda: self.thing([self.x] * self.several, **self.arguments), None)
            return
        layer = self._guarded(lambda: self.thing(**self.arguments), None)
        if layer is None or not isinstance(layer, layers.Layer):
            return
        merges = issubclass(self.thing, layers.Add.__mro__[1]) and self.thing is not layers.Flatten
        given = [self.x] * self.several if merges and self.several > 1 else self.x
        before = self.x.tobytes() if isinstance(self.x, np.ndarray) and not self.large else None
        y = self._guarded(lambda: layer(given, training=self.training), layer)
        if y is None:
            return
        if before is not None and self.x.dtype != np.longdouble and self.x.tobytes() != before:
            raise WrongOutcome("input changed", "x")
        if not isinstance(y, np.ndarray) or y.dtype not in (np.float32, np.uint8):
            raise WrongOutcome("result", f"{type(y).__name__} {getattr(y, 'dtype', '')}")
        if given is self.x:
            shape = self._guarded(lambda: layer.compute_output_shape(np.shape(self.x)[1:]), layer)
            if shape is not None and y.shape != (len(self.x), *shape):
                raise WrongOutcome("result", f"shape {y.shape} instead of {(len(self.x), *shape)}")
        if not self.training:
            again = self._guarded(lambda: layer(given), layer)  # it may lack memory the second time
            if again is not None and again.tobytes() != y.tobytes():
                raise WrongOutcome("wrong result", "another one the second time")
        config = self._guarded(layer.get_config, layer)
        if config is not None and not self.hostile:
            other = self._guarded(lambda: type(layer).from_config(config), layer)
            if other is not None and other.get_config() != config:
                raise WrongOutcome("wrong result", "another configuration after a round trip")

    def _guarded(self, call: Any, layer: Any) -> Any:
        """What a call returns; None if it refuses as it may."""
        try:
            return call()
        except (TypeError, ValueError, NotImplementedError) as error:
            self.outcome = "refused"
            text = str(error)
            # a layer's name is its class's, with underscores
            own = {self.name, _snake(self.name), self.thing.__name__, _named(layer)}
            own |= {_snake(self.thing.__name__)}
            named = any(name and name in text for name in own) or re.match(
                r"[A-Za-z_][\w.]*: ", text
            )
            if not named:
                raise WrongOutcome("exception without the layer's name",
                                   f"{type(error).__name__}: {text[:300]}") from None  # fmt: skip
        except MemoryError as error:
            self.outcome = "no memory"
            if not self.large:
                raise WrongOutcome("MemoryError", str(error)[:200]) from None
        except Exception as error:
            raise WrongOutcome(f"exception {type(error).__name__}", str(error)[:300]) from None
        return None


def _named(layer: Any) -> str:
    """A layer's own name, which nobody checks."""
    name = getattr(layer, "name", "")
    return name if isinstance(name, str) else repr(name)


def parameters_of(thing: Any) -> dict[str, inspect.Parameter]:
    return {
        name: one for name, one in inspect.signature(thing).parameters.items()
        if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
        and name not in ("inputs", "name")
    }  # fmt: skip


def is_large(value: Any) -> bool:
    """Whether a value asks for much."""
    if isinstance(value, (list, tuple)):
        return any(is_large(one) for one in value)
    try:
        return bool(np.max(abs(value)) > FEW)
    except Exception:
        return isinstance(value, range)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
