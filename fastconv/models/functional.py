"""Models made by calling layers on symbolic tensors: any acyclic graph of layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from fastconv.layers.base import Layer
from fastconv.models.files.functional_config import from_config, to_config
from fastconv.models.files.registry import register_model
from fastconv.models.layer_graph import LayerGraph
from fastconv.models.model import Model
from fastconv.utils.random import check_seed


@register_model
class Functional(Model):
    """The model that `Model(inputs, outputs)` makes; see there."""

    made_by_call = False

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self._seed = check_seed(seed, where="Model")
        self._graph = LayerGraph(inputs, outputs, name=self.name)
        self.build_layers()

    def get_config(self) -> dict[str, Any]:
        return to_config(self)

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, type[Layer]] | None = None
    ) -> Self:
        return from_config(cls, config, custom_objects)


Model.functional_class = Functional
