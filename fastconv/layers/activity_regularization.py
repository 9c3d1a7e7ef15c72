"""What passes costs something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastconv.layers.base import Layer
from fastconv.regularizers import L1L2

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class ActivityRegularization(Layer):
    """Pass the input on; l1 · Σ|x| + l2 · Σx², by the number of samples, joins the model's loss.

    Parameters
    ----------
    l1, l2 : float
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If a factor is below 0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastconv import Sequential
    >>> model = Sequential([ActivityRegularization(l1=0.5, input_shape=(2,))])
    >>> model.compile("sgd", "mse")
    >>> x = np.array([[1.0, -2.0], [3.0, 0.0]])
    >>> model.evaluate(x, x, verbose=0)  # 0.5 * (1 + 2 + 3) / 2
    1.5
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cost = L1L2(l1, l2)

    def emit(self, graph: Graph, x: Value) -> Value:
        return graph.activity_penalty(x, self.cost.l1, self.cost.l2)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.cost.get_config()}
