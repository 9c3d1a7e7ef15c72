"""A model made by calling layers on symbolic tensors: any graph without circles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from fastconv.layers.base import Layer
from fastconv.layers.input import InputLayer
from fastconv.layers.shape_inference import sample_shapes
from fastconv.layers.symbolic import Call, SymbolicTensor
from fastconv.models.endpoints import begins_with
from fastconv.models.layer_names import free_name
from fastconv.models.model import Model
from fastconv.models.tracing import shapes_through, trace
from fastconv.utils.random import check_seed, derive_seed
from fastconv.utils.structures import each, leaves, rebuild

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class Functional(Model):
    """What `Model(inputs, outputs)` makes; see there."""

    made_by_call = False

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        trainable = kwargs.pop("trainable", True)
        super().__init__(name=name, **kwargs)
        self._seed = check_seed(seed, where="Model")
        self._input, self._output = _checked(inputs, "inputs"), _checked(outputs, "outputs")
        self._calls_inside, self.layers = trace(self.inputs, self.outputs, where=self.name)
        self._names: dict[Layer, str] = {}
        self._name_layers()
        self._build_layers()
        self.built = True
        self.name_parameters("")
        if not trainable:
            self.trainable = False

    @property
    def input(self) -> Any:
        """The symbolic tensor, or the list or dictionary of them, at which the model begins."""
        return self._input

    @property
    def output(self) -> Any:
        """The symbolic tensor, or the list or dictionary of them, at which the model ends."""
        return self._output

    @property
    def calls_inside(self) -> list[Call]:
        return self._calls_inside

    def name_of(self, layer: Layer) -> str:
        return self._names[layer]

    def emit(self, graph: Graph, x: Any) -> Any:
        found: dict[SymbolicTensor, Value] = dict(zip(self.inputs, leaves(x), strict=True))
        converted: dict[Value, Value] = {}

        def taken_by(call: Call | None, tensor: SymbolicTensor) -> Value:
            value = found[tensor]
            if value.dtype != "uint8" or (call is not None and call.layer.takes_uint8):
                return value
            if value not in converted:
                converted[value] = graph.affine(value, 1.0, 0.0)
            return converted[value]

        for call in self.calls_inside:
            if isinstance(call.layer, InputLayer):
                continue
            given = [taken_by(call, tensor) for tensor in leaves(call.inputs)]
            with graph.layer(self._names[call.layer]), graph.inference(call.training is False):
                y = call.layer.emit(graph, rebuild(call.inputs, given))
            found.update(zip(leaves(call.outputs), leaves(y), strict=True))
        return each(lambda tensor: taken_by(None, tensor), self._output)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return shapes_through(self.inputs, self._output, input_shape, where=self.name)

    def get_config(self) -> dict[str, Any]:
        from fastconv.models.files.functional_config import to_config

        return to_config(self)

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, type[Layer]] | None = None
    ) -> Self:
        from fastconv.models.files.functional_config import from_config

        return from_config(cls, config, custom_objects)

    def _name_layers(self) -> None:
        """Names that differ within the model: given ones stay, others get numbers if they must."""
        given = [x.given_name for x in self.layers if x.given_name and not x.numbered]
        for name in given:
            if given.count(name) > 1:
                raise ValueError(
                    f"{self.name}: the layers' names must differ; received {name!r} twice"
                )
        taken = set(given)
        for layer in self.layers:
            if layer.given_name is None or layer.numbered:
                self._names[layer] = free_name(layer.name, taken)
                taken.add(self._names[layer])
                if layer.given_name is None:
                    layer.name = layer.given_name = self._names[layer]
                    layer.numbered = True
            else:
                self._names[layer] = layer.name

    def _build_layers(self) -> None:
        for index, layer in enumerate(self.layers):
            if layer._seed is None:
                layer.take_seed(derive_seed(self.seed, index))
            first = next(call for call in self.calls_inside if call.layer is layer)
            layer.ensure_built(sample_shapes(first.inputs))


def _checked(given: Any, what: str) -> Any:
    found = leaves(given)
    if not found or any(not isinstance(tensor, SymbolicTensor) for tensor in found):
        raise TypeError(
            f"Model: {what} must be a symbolic tensor, or a list or dictionary of them; received "
            f"{given!r}"
        )
    if what == "inputs":
        if len(set(found)) < len(found):
            raise ValueError(f"Model: every input comes once; received {found}")
        for tensor in found:
            if not begins_with(tensor):
                raise ValueError(
                    f"Model: the inputs come from Input; received the output of {tensor.name!r}"
                )
    return rebuild(given, found)
