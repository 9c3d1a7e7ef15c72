"""A layer's weights: made once, drawn from its seed, frozen, read and written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastconv import initializers
from fastconv.layers.shape_inference import closed, sample_shapes
from fastconv.layers.symbolic import Call
from fastconv.plan.parameters import Parameter
from fastconv.utils.arrays import Shape
from fastconv.utils.configured import Configured
from fastconv.utils.random import derive_seed, next_seed


class Weighted(Configured):
    """What has parameters that its `build` makes.

    Attributes
    ----------
    built : bool
        Whether the parameters have been made.
    calls : list of Call
        The calls on symbolic tensors so far.
    """

    name: str

    def __init__(self, **unknown: Any) -> None:
        super().__init__(**unknown)
        self.built = False
        self.calls: list[Call] = []
        self._parameters: list[Parameter] = []
        self._fixed: set[Parameter] = set()
        self._trainable = True
        self._seed: int | None = None

    def build(self, input_shape: Shape) -> None:
        """Make the parameters, by `add_weight`."""

    def add_weight(
        self,
        name: str | None = None,
        shape: Sequence[int] = (),
        initializer: Any = "glorot_uniform",
        trainable: bool = True,
    ) -> Parameter:
        """Make a parameter, filled from this layer's seed, and keep it.

        Parameters
        ----------
        name : str, optional
            Within the layer; default: "weight_" and a number.
        shape : tuple of int
        initializer : str or Initializer
        trainable : bool
            Whether training changes it, as long as the layer is trainable.
        """
        name = name or f"weight_{len(self._parameters)}"
        seed = derive_seed(self.seed, len(self._parameters))
        value = initializers.get(initializer)(shape, seed=seed)
        parameter = Parameter(f"{self.name}/{name}", value, trainable and self._trainable)
        self._parameters.append(parameter)
        if not trainable:
            self._fixed.add(parameter)
        return parameter

    def ensure_built(self, input_shape: Any) -> None:
        """Build once; a layer keeps its parameters from then on."""
        if not self.built:
            self._parameters.clear()
            self.build(closed(input_shape))
            self.built = True

    def ensure_built_as_called(self) -> None:
        """Build for the first call on symbolic tensors, if there was one.

        That call itself makes no weights, so that a model may still give the layer its seed.
        """
        if not self.built and self.calls:
            self.ensure_built(sample_shapes(self.calls[0].inputs))

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """What `build` makes is there as soon as the layer was called on a symbolic tensor."""
            if not name.startswith("_") and not vars(self).get("built", True):
                if self.calls:
                    self.ensure_built_as_called()
                    return getattr(self, name)
                hint = ": it is made when the layer is built, by its first call"
            else:
                hint = ""
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}{hint}")

    @property
    def parameters(self) -> list[Parameter]:
        """The parameters, in the order in which they were made."""
        self.ensure_built_as_called()
        return self._parameters

    @property
    def weights(self) -> list[Parameter]:
        """Every parameter once, in the order in which they were made, or of the layers."""
        return self.parameters

    @property
    def trainable_weights(self) -> list[Parameter]:
        """The parameters that training changes."""
        return [p for p in self.parameters if p.trainable]

    @property
    def non_trainable_weights(self) -> list[Parameter]:
        """The parameters that training leaves alone."""
        return [p for p in self.parameters if not p.trainable]

    @property
    def variables(self) -> list[Parameter]:
        """Another name of `weights`."""
        return self.weights

    @property
    def trainable_variables(self) -> list[Parameter]:
        """Another name of `trainable_weights`."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Parameter]:
        """Another name of `non_trainable_weights`."""
        return self.non_trainable_weights

    def require_parameters(self, where: str) -> list[Parameter]:
        """The parameters; ValueError if they have not been made yet."""
        parameters = self.parameters
        if not self.built:
            raise ValueError(
                f"{self.name}: {where} needs a layer that is built: call it on an array or a "
                "symbolic tensor first; received no such call yet"
            )
        return parameters

    def name_parameters(self, path: str) -> None:
        """Put every parameter's name under `path`, this layer's place in a model."""
        for parameter in self._parameters:
            parameter.name = f"{path}/{parameter.name.rpartition('/')[2]}"

    def take_seed(self, seed: int) -> None:
        """Draw from `seed`, which a model derived from its own, whatever is random from here on."""
        self._seed = seed

    @property
    def seed(self) -> int:
        """Where this layer's random numbers come from: the model's seed, or the global one."""
        if self._seed is None:
            self._seed = next_seed()
        return self._seed

    @property
    def trainable(self) -> bool:
        """Whether training changes the parameters; a model notices a change by itself."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for parameter in self._parameters:
            parameter.trainable = self._trainable and parameter not in self._fixed

    def count_params(self) -> int:
        """Number of elements of all parameters."""
        return sum(parameter.size for parameter in self.require_parameters("count_params"))

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the parameters, in the order in which they were made."""
        return [parameter.value.copy() for parameter in self.require_parameters("get_weights")]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Write arrays of the right number and shapes into the parameters; all or none."""
        from fastconv.layers.weights import set_weights

        set_weights(self.require_parameters("set_weights"), weights, where=self.name)
