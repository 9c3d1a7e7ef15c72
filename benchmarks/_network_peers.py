"""The zoo's networks in PyTorch, with the same layers, as peers of ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import _peers

if _peers.torch is not None:
    from torch import nn


def convolution(ic: int, oc: int, size: int, strides: int, padding: int, groups: int = 1) -> Any:
    """A convolution without bias."""
    return nn.Conv2d(ic, oc, size, strides, padding, groups=groups, bias=False)


def normalized(
    ic: int, oc: int, size: int, strides: int = 1, relu: Any = None, groups: int = 1
) -> Any:
    """Convolution, batch normalization, and optionally an activation."""
    parts = [convolution(ic, oc, size, strides, size // 2, groups), nn.BatchNorm2d(oc, 1e-5, 0.1)]
    return nn.Sequential(*parts, *([] if relu is None else [relu]))


def _residual_class() -> Any:
    class Residual(nn.Module):
        """The sum of two branches, and optionally an activation."""

        def __init__(self, body: Any, shortcut: Any = None, relu: Any = None) -> None:
            super().__init__()
            self.body, self.shortcut, self.relu = body, shortcut, relu

        def forward(self, x: Any) -> Any:
            y = self.body(x) + (x if self.shortcut is None else self.shortcut(x))
            return y if self.relu is None else self.relu(y)

    return Residual


def residual(*parts: Any) -> Any:
    """The sum of a body and a shortcut (None: the input itself), with an activation if given."""
    return _residual_class()(*parts)


def resnet(depth: int, classes: int = 10) -> Any:
    """The CIFAR form of ResNet-18 or -50."""

    def relu() -> Any:
        return nn.ReLU(inplace=True)

    def block(ic: int, width: int, strides: int) -> Any:
        oc = width if depth == 18 else 4 * width
        if depth == 18:
            body = [normalized(ic, oc, 3, strides, relu()), normalized(oc, oc, 3)]
        else:
            body = [
                normalized(ic, width, 1, 1, relu()),
                normalized(width, width, 3, strides, relu()),
                normalized(width, oc, 1),
            ]
        same = strides == 1 and ic == oc
        return residual(
            nn.Sequential(*body), None if same else normalized(ic, oc, 1, strides), relu()
        )

    parts, ic = [normalized(3, 64, 3, 1, relu())], 64
    counts = (2, 2, 2, 2) if depth == 18 else (3, 4, 6, 3)
    for stage, (width, count) in enumerate(zip((64, 128, 256, 512), counts, strict=True)):
        for number in range(count):
            parts.append(block(ic, width, 2 if stage and not number else 1))
            ic = width if depth == 18 else 4 * width
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(ic, classes))


def mobilenet_v2(stages: Sequence[tuple[int, int, int, int]], classes: int = 10) -> Any:
    """The CIFAR form of MobileNetV2."""

    def relu() -> Any:
        return nn.ReLU6(inplace=True)

    def block(ic: int, wider: int, oc: int, strides: int) -> Any:
        inside = ic * wider
        body = [normalized(ic, inside, 1, 1, relu())] if wider > 1 else []
        body.append(normalized(inside, inside, 3, strides, relu(), groups=inside))
        body.append(normalized(inside, oc, 1))
        body = nn.Sequential(*body)
        return residual(body) if strides == 1 and ic == oc else body

    parts, ic = [normalized(3, 32, 3, 1, relu())], 32
    for stage, (wider, oc, count, strides) in enumerate(stages):
        for number in range(count):
            parts.append(block(ic, wider, oc, strides if stage != 1 and number == 0 else 1))
            ic = oc
    parts.append(normalized(ic, 1280, 1, 1, relu()))
    end = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(1280, classes)]
    return nn.Sequential(*parts, *end)


def set_weights(model: Any, layers: Sequence[Any]) -> None:
    """Copy our layers' weights into a network whose modules were made in the order of our layers.

    A model lists its layers by depth; the numbers in their names give the order in which they were
    made.
    """
    ours: dict[str, list[Any]] = {}
    for layer in sorted(layers, key=_number):
        ours.setdefault(type(layer).__name__, []).append(layer)
    with _peers.torch.no_grad():
        for module in model.modules():
            kind = type(module).__name__
            if kind not in KINDS:
                continue
            depthwise = kind == "Conv2d" and module.groups > 1
            layer = ours["DepthwiseConv2D" if depthwise else KINDS[kind]].pop(0)
            names = [parameter.name.rsplit("/")[-1] for parameter in layer.parameters]
            for name, array in zip(names, layer.get_weights(), strict=True):
                getattr(module, NAMES[name]).copy_(_peers.torch_weights(array, depthwise))


def _number(layer: Any) -> int:
    number = layer.name.rsplit("_")[-1]
    return int(number) if number.isdigit() else 0


KINDS = {"Conv2d": "Conv2D", "BatchNorm2d": "BatchNormalization", "Linear": "Dense"}
NAMES = {
    "kernel": "weight",
    "depthwise_kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
"""PyTorch's names of our parameters."""
