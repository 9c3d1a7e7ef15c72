"""What every layer is: parameters, a name, and a word to the engine about what it computes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastconv import initializers
from fastconv.plan.parameters import Parameter
from fastconv.utils.arrays import Shape, as_shape
from fastconv.utils.configured import Configured
from fastconv.utils.random import derive_seed, next_seed

if TYPE_CHECKING:
    from fastconv.layers.alone import Alone
    from fastconv.plan.graph import Graph
    from fastconv.plan.values import Value


class Layer(Configured):
    """A step of a model, with Keras's names.

    A subclass says in `emit` what it is, in the engine's primitive steps. It makes its parameters
    in `build`, and gives its output's shape in `compute_output_shape`. Shapes leave out the batch
    axis.

    Parameters
    ----------
    name : str, optional
        Default: the class's name in snake case, numbered within a model.
    trainable : bool
        Whether training changes the parameters.
    input_shape : tuple of int, optional
        For the first layer of a model without `Input`.
    """

    uses_training = False
    """Whether training and inference compute different things."""
    takes_uint8 = False
    """Whether uint8 images may come in as they are."""

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int] | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(**unknown)
        where = type(self).__name__
        if name is not None and not (isinstance(name, str) and name and "/" not in name):
            raise ValueError(f"{where}: name must be a text without '/'; received {name!r}")
        self.given_name = name
        self.name = name or snake_case(where)
        self.input_shape = (
            None if input_shape is None else as_shape(input_shape, "input_shape", where=where)
        )
        self.built = False
        self._parameters: list[Parameter] = []
        self._fixed: set[Parameter] = set()
        self._trainable = bool(trainable)
        self._seed: int | None = None
        self._alone: Alone | None = None

    # What a subclass defines.

    def build(self, input_shape: Shape) -> None:
        """Make the parameters, by `add_weight`."""

    def emit(self, graph: Graph, x: Value) -> Value:
        """Record this layer's primitive steps on `x` and return the result.

        A layer that computes by itself, in NumPy, defines ``forward(x, training)`` and
        ``backward(dy)`` instead; its `backward` also writes its parameters' `grad`.
        """
        if hasattr(self, "forward"):
            return graph.opaque(x, self)
        raise NotImplementedError(
            f"{type(self).__name__} must define emit(graph, x), or forward and backward"
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The output's shape, without the batch axis; here, the input's."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "trainable": self.trainable}

    # What it gets from here.

    def add_weight(
        self, name: str, shape: Sequence[int], initializer: Any, trainable: bool = True
    ) -> Parameter:
        """Make a parameter, filled from this layer's seed, and keep it."""
        seed = derive_seed(self.seed, len(self._parameters))
        value = initializers.get(initializer)(shape, seed=seed)
        parameter = Parameter(f"{self.name}/{name}", value, trainable and self._trainable)
        self._parameters.append(parameter)
        if not trainable:
            self._fixed.add(parameter)
        return parameter

    def ensure_built(self, input_shape: Shape) -> None:
        """Build once; a layer keeps its parameters from then on."""
        if not self.built:
            self._parameters.clear()
            self.build(tuple(input_shape))
            self.built = True

    @property
    def parameters(self) -> list[Parameter]:
        """The parameters, in the order in which they were made."""
        return self._parameters

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
        return sum(parameter.size for parameter in self.parameters)

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the parameters, in the order in which they were made."""
        return [parameter.value.copy() for parameter in self.parameters]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Write arrays of the right number and shapes into the parameters; all or none."""
        from fastconv.layers.weights import set_weights

        set_weights(self.parameters, weights, where=self.name)

    def __call__(self, x: Any, training: bool = False) -> np.ndarray:
        """The layer's output for an array (mb, ...): a plan of one layer."""
        return self._runner().forward(x, training)

    def backward(self, dy: Any) -> np.ndarray:
        """The gradient dx that belongs to `dy`; fills every parameter's `grad`.

        Follows a call ``y = layer(x)`` (for a layer that trains and infers differently, such as
        Dropout: ``layer(x, training=True)``).
        """
        return self._runner().backward(dy)

    def _runner(self) -> Alone:
        if self._alone is None:
            from fastconv.layers.alone import Alone

            self._alone = Alone(self)
        return self._alone


def snake_case(name: str) -> str:
    """Keras's default names: Conv2D -> conv2d, MaxPooling2D -> max_pooling2d, ReLU -> re_lu."""
    spaced = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", spaced).lower()
