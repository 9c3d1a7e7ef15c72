"""The base class of layers: a name, weights, and the primitives it records in a plan's graph."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastconv import initializers
from fastconv._arguments import as_flag
from fastconv.layers.rollback import about_to_change
from fastconv.layers.shape_inference import closed, record_call, sample_shapes
from fastconv.layers.symbolic import Call, any_symbolic
from fastconv.layers.weights import check_weight, set_weights
from fastconv.plan.parameters import Parameter
from fastconv.utils.arrays import Shape, as_open_shape
from fastconv.utils.configured import Configured
from fastconv.utils.random import derive_seed, next_seed
from fastconv.utils.structures import each, leaves

if TYPE_CHECKING:
    from fastconv.layers.runner import LayerRunner
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class Layer(Configured):
    """The base class of layers, with Keras's names.

    A subclass records its primitives in `emit`, makes its parameters in `build`, and infers its
    output's shape in `compute_output_shape`. Shapes leave out the batch axis. A layer of several
    inputs sets ``several_inputs = True`` and is called on lists.

    Called on arrays, a layer computes; called on symbolic tensors, it records the call, of which
    `fastconv.Model` makes a model.

    Parameters
    ----------
    name : str, optional
        Default: the class's name in snake case, numbered within a model.
    trainable : bool
        Whether training changes the parameters.
    input_shape : tuple of int, optional
        For the first layer of a model without `Input`.

    Attributes
    ----------
    built : bool
        Whether the parameters have been made.
    calls : list of Call
        The calls on symbolic tensors so far.
    """

    uses_training = False
    """Whether the forward pass differs between training and inference."""
    takes_uint8 = False
    """Whether uint8 images are accepted without conversion to float32."""
    several_inputs = False
    """Whether it is called on a list of tensors."""
    layers_inside = False
    """Whether it consists of layers."""

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
        self.numbered = False  # whether a model chose the name
        self.given_input_shape = (
            None if input_shape is None else as_open_shape(input_shape, "input_shape", where=where)
        )
        self.built = False
        self.calls: list[Call] = []
        self._parameters: list[Parameter] = []
        self._fixed: set[Parameter] = set()
        self._trainable = as_flag(trainable, "trainable", where=where)
        self._seed: int | None = None
        self._runner: LayerRunner | None = None

    # Methods for subclasses to override.

    def build(self, input_shape: Shape) -> None:
        """Make the parameters, with `add_weight`."""

    def emit(self, graph: Graph, x: Value) -> Value:
        """Record this layer's primitives on `x` and return the result.

        A layer that computes in NumPy defines ``forward(x, training)`` and ``backward(dy)``
        instead; its `backward` also writes its parameters' `grad`.
        """
        if hasattr(self, "forward"):
            return graph.opaque(x, self)
        received = (
            "; received a class with call, which only a subclass of Model has: what a layer does "
            "needs its gradient"
        )
        raise NotImplementedError(
            f"{type(self).__name__} must define emit(graph, x), or forward and backward"
            f"{received if hasattr(self, 'call') else ''}"
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The output's shape, without the batch axis; by default the input's."""
        return tuple(input_shape)

    def check_shapes(self, shapes: Any) -> None:
        """Raise ValueError for input shapes that `compute_output_shape` does not refuse."""

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "trainable": self.trainable}

    # Weights: made once, drawn from the layer's seed, frozen, read and written.

    def add_weight(
        self,
        name: str | None = None,
        shape: Sequence[int] = (),
        initializer: Any = "glorot_uniform",
        trainable: bool = True,
    ) -> Parameter:
        """Add a parameter, initialized from this layer's seed, and return it.

        Parameters
        ----------
        name : str, optional
            Within the layer; default: ``weight_0``, ``weight_1``, ...
        shape : tuple of int
        initializer : str or Initializer
        trainable : bool
            Whether training changes it, as long as the layer is trainable.
        """
        name = name or f"weight_{len(self._parameters)}"
        check_weight(shape, where=self.name)
        if 4 * math.prod(shape) > sys.maxsize:  # which NumPy refuses by a ValueError of its own
            raise MemoryError(f"{self.name}: Unable to allocate the weight {name!r}, {shape}")
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
            about_to_change(self)
            self._parameters.clear()
            self.build(closed(input_shape))
            self.built = True

    def ensure_built_as_called(self) -> None:
        """Build for the shapes of the first call on symbolic tensors, if there was one.

        The call itself makes no weights, so that a model can still give the layer its seed.
        """
        if not self.built and self.calls:
            self.ensure_built(sample_shapes(self.calls[0].inputs))

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Attributes set by `build`: a layer called on symbolic tensors is built for them."""
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
        """The parameters, in the order of creation."""
        self.ensure_built_as_called()
        return self._parameters

    @property
    def weights(self) -> list[Parameter]:
        """Every parameter once, in the order of creation, or in that of the layers."""
        return self.parameters

    @property
    def trainable_weights(self) -> list[Parameter]:
        """The parameters that training changes."""
        return [p for p in self.parameters if p.trainable]

    @property
    def non_trainable_weights(self) -> list[Parameter]:
        """The parameters that training does not change."""
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
        """The parameters; raises ValueError if the layer is not built yet."""
        parameters = self.parameters
        if not self.built:
            raise ValueError(
                f"{self.name}: {where} needs a layer that is built: call it on an array or a "
                "symbolic tensor first; received no such call yet"
            )
        return parameters

    def name_parameters(self, path: str) -> None:
        """Prefix every parameter's name with `path`, this layer's path in a model."""
        for parameter in self._parameters:
            parameter.name = f"{path}/{parameter.name.rpartition('/')[2]}"

    def take_seed(self, seed: int) -> None:
        """Set the seed, which a model derived from its own."""
        self._seed = seed

    @property
    def seed(self) -> int:
        """The seed of this layer's random numbers, derived from the model's or the global one."""
        if self._seed is None:
            self._seed = next_seed()
        return self._seed

    @property
    def trainable(self) -> bool:
        """Whether training changes the parameters; may be set at any time, also in a model."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = as_flag(value, "trainable", where=self.name)
        for parameter in self._parameters:
            parameter.trainable = self._trainable and parameter not in self._fixed

    def count_params(self) -> int:
        """Number of elements of all parameters."""
        return sum(parameter.size for parameter in self.require_parameters("count_params"))

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the parameters, in the order of creation."""
        return [parameter.value.copy() for parameter in self.require_parameters("get_weights")]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Copy arrays into the parameters, all or none; their number and shapes must match."""
        set_weights(self.require_parameters("set_weights"), weights, where=self.name)

    # Calls, on symbolic tensors and on arrays.

    def split_inputs(self, x: Any) -> tuple[list[Any], Any]:
        """The tensors or arrays in a call's argument, and the structure of `emit`'s x."""
        if not self.several_inputs:
            return [x], None
        structure = x if isinstance(x, (list, tuple, dict)) else [x]
        return leaves(structure), structure

    @property
    def input(self) -> Any:
        """The symbolic tensor, or the list or dictionary of them, that the layer was called on."""
        return self._only_call("input").inputs

    @property
    def output(self) -> Any:
        """The output of that call: ``Model(model.input, layer.output)`` ends at this layer."""
        return self._only_call("output").outputs

    @property
    def input_shape(self) -> Any:
        """The input's shape, with the open batch axis; a list or dictionary for several."""
        return each(lambda tensor: tensor.shape, self.input)

    @property
    def output_shape(self) -> Any:
        """The output's shape, with the open batch axis; a list or dictionary for several."""
        return each(lambda tensor: tensor.shape, self.output)

    def _only_call(self, wanted: str) -> Call:
        if len(self.calls) != 1:
            raise ValueError(
                f"{self.name}: {wanted} belongs to a layer that is called on symbolic tensors "
                f"once; received {len(self.calls) or 'no'} calls (layer.calls has them)"
            )
        return self.calls[0]

    def __call__(self, x: Any, training: bool | None = None) -> Any:
        """The layer's output: an array for an array (mb, ...), symbolic for a symbolic tensor.

        Parameters
        ----------
        x : array, SymbolicTensor, or a list of them for a layer of several inputs
        training : bool, optional
            Whether arrays are passed in training mode. In a symbolic call, False keeps the layer
            (or model) in inference mode there, even while the whole model is trained.
        """
        if any_symbolic(x):
            return record_call(self, x, training)
        return self._on_arrays().forward(x, as_flag(training, "training", where=self.name))

    def backward(self, dy: Any) -> np.ndarray:
        """The backward pass: the gradient dx for `dy`; overwrites every parameter's `grad`.

        It follows a call ``y = layer(x)`` (or ``layer(x, training=True)`` for a layer whose
        training and inference differ, such as Dropout).
        """
        return self._on_arrays().backward(dy)

    def _on_arrays(self) -> LayerRunner:
        if self._runner is None:
            from fastconv.layers.runner import LayerRunner

            self._runner = LayerRunner(self)
        return self._runner


def snake_case(name: str) -> str:
    """Keras's default names: Conv2D -> conv2d, MaxPooling2D -> max_pooling2d, ReLU -> re_lu."""
    spaced = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", spaced).lower()
