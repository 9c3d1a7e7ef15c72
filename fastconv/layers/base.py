"""What every layer is: a name, weights, and a word to the engine about what it computes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastconv.layers.shape_inference import record
from fastconv.layers.symbolic import Call, any_symbolic
from fastconv.layers.weighted import Weighted
from fastconv.utils.arrays import Shape, as_open_shape
from fastconv.utils.structures import each, leaves

if TYPE_CHECKING:
    from fastconv.layers.runner import Alone
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class Layer(Weighted):
    """A step of a model, with Keras's names.

    A subclass says in `emit` what it is, in the engine's primitive steps. It makes its parameters
    in `build`, and gives its output's shape in `compute_output_shape`. Shapes leave out the batch
    axis. A layer of several inputs says so by ``several_inputs = True`` and is given lists.

    Called on arrays, a layer computes; called on symbolic tensors, it takes its place in a model
    that `fastconv.Model` makes of them.

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
    several_inputs = False
    """Whether it is called on a list of tensors."""
    layers_inside = False
    """Whether it is made of layers."""

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
        self._trainable = bool(trainable)
        self._alone: Alone | None = None

    # What a subclass defines.

    def emit(self, graph: Graph, x: Value) -> Value:
        """Record this layer's primitive steps on `x` and return the result.

        A layer that computes by itself, in NumPy, defines ``forward(x, training)`` and
        ``backward(dy)`` instead; its `backward` also writes its parameters' `grad`.
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
        """The output's shape, without the batch axis; here, the input's."""
        return tuple(input_shape)

    def check_shapes(self, shapes: Any) -> None:
        """Refuse inputs of shapes that `compute_output_shape` would let pass."""

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "trainable": self.trainable}

    # What it gets from here.

    def split_inputs(self, x: Any) -> tuple[list[Any], Any]:
        """The tensors or arrays that the layer was called on, and the structure of `emit`'s x."""
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
        """What that call returned: ``Model(model.input, layer.output)`` ends at this layer."""
        return self._only_call("output").outputs

    @property
    def input_shape(self) -> Any:
        """The input's shape, with the open batch axis; a list for several."""
        return each(lambda tensor: tensor.shape, self.input)

    @property
    def output_shape(self) -> Any:
        """The output's shape, with the open batch axis; a list for several."""
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
            Whether an array passes as in training. Of a symbolic call: False has the layer (or the
            model) behave as in inference there, even while the whole model is trained.
        """
        if any_symbolic(x):
            return record(self, x, training)
        return self._runner().forward(x, bool(training))

    def backward(self, dy: Any) -> np.ndarray:
        """The gradient dx that belongs to `dy`; fills every parameter's `grad`.

        Follows a call ``y = layer(x)`` (for a layer that trains and infers differently, such as
        Dropout: ``layer(x, training=True)``).
        """
        return self._runner().backward(dy)

    def _runner(self) -> Alone:
        if self._alone is None:
            from fastconv.layers.runner import Alone

            self._alone = Alone(self)
        return self._alone


def snake_case(name: str) -> str:
    """Keras's default names: Conv2D -> conv2d, MaxPooling2D -> max_pooling2d, ReLU -> re_lu."""
    spaced = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", spaced).lower()
