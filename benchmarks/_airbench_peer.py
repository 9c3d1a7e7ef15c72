"""The network of the recipe `AirBench` in PyTorch, in float32; needs the extra ``[peers]``.

What it computes is that of `fastconv.recipes.airbench`; the words are PyTorch's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastconv.bench.pytorch import LAYOUTS
from fastconv.recipes.airbench import AirBench
from fastconv.recipes.recipe import pixel_statistics, spread


def network(recipe: AirBench, images: np.ndarray, classes: int, layout: str) -> Any:
    """The layers, from scaled pixels to the outputs before the softmax, with new weights.

    Parameters
    ----------
    images : uint8 (n, h, w, c)
        What the whitening convolution is computed from.
    layout : str
        One of `fastconv.bench.pytorch.LAYOUTS`.
    """
    import torch
    from torch import nn

    def group(inputs: int, width: int, count: int) -> list[Any]:
        found = [_convolution(inputs, width), nn.MaxPool2d(2), _norm(width), nn.GELU()]
        for _ in range(count - 1):
            found += [_convolution(width, width), _norm(width), nn.GELU()]
        return found

    class Ninth(nn.Module):
        def forward(self, x: Any) -> Any:
            return x / 9

    first: Any = nn.Conv2d(images.shape[-1], 8 * images.shape[-1], 2)
    with torch.no_grad():
        first.weight.copy_(whitening(images))
        first.bias.zero_()
    first.weight.requires_grad_(False)
    inputs = (first.out_channels, *recipe.widths)
    layers = [first, nn.GELU()]
    for before, width, count in zip(inputs, recipe.widths, recipe.convolutions, strict=False):
        layers += group(before, width, count)
    head = [
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Linear(recipe.widths[-1], classes, bias=False),
    ]
    model: Any = nn.Sequential(*layers, *head, Ninth())
    return model.to(memory_format=getattr(torch, LAYOUTS[layout])).train()


def _convolution(inputs: int, width: int) -> Any:
    import torch
    from torch import nn

    made = nn.Conv2d(inputs, width, 3, padding="same", bias=False)
    with torch.no_grad():
        nn.init.dirac_(made.weight[:inputs])
    return made


def _norm(width: int) -> Any:
    from torch import nn

    made = nn.BatchNorm2d(width, eps=1e-12, momentum=0.4)  # the share of the new statistics
    made.weight.requires_grad_(False)
    return made


def scaled(x: np.ndarray, mean: Any, spread: Any, layout: str) -> Any:
    """uint8 images (mb, ih, iw, ic) as the network takes them."""
    import torch

    turned = torch.from_numpy(x).permute(0, 3, 1, 2)
    turned = turned.to(torch.float32, memory_format=getattr(torch, LAYOUTS[layout]))
    return turned.sub_(mean).div_(spread)


def statistics(images: np.ndarray) -> tuple[Any, Any]:
    """Mean and standard deviation of each channel, as `scaled` takes them."""
    import torch

    mean, variance = pixel_statistics(images)
    spread = np.sqrt(variance)
    both = torch.tensor(np.stack([mean, spread]), dtype=torch.float32)[:, :, None, None]
    return both[0], both[1]


def whitening(images: np.ndarray) -> Any:
    """The fixed filters of the first convolution."""
    import torch

    x = scaled(spread(images), *statistics(images), "NCHW")
    patches = (
        x.unfold(2, 2, 1).unfold(3, 2, 1).permute(0, 2, 3, 1, 4, 5).reshape(-1, 4 * x.shape[1])
    )
    values, vectors = torch.linalg.eigh(patches.double().T @ patches.double() / len(patches))
    filters = (vectors / torch.sqrt(values + 5e-4)).T.flip(0).reshape(-1, x.shape[1], 2, 2)
    return torch.cat([filters, -filters]).float()


def set_weights(model: Any, weights: Sequence[np.ndarray]) -> None:
    """Copy our network's weights, in the order of `Model.get_weights`, into `network`'s."""
    import torch
    from torch import nn

    left = list(weights[2:])  # what follows the pixels' mean and variance
    with torch.no_grad():
        for module in model:
            if isinstance(module, nn.Conv2d):
                kernel = left.pop(0).transpose(3, 2, 0, 1)
                module.weight.copy_(torch.from_numpy(np.ascontiguousarray(kernel)))
                if module.bias is not None:
                    module.bias.copy_(torch.from_numpy(left.pop(0)))
            elif isinstance(module, nn.BatchNorm2d):
                targets: tuple[Any, ...] = (module.bias, module.running_mean, module.running_var)
                for target in targets:
                    target.copy_(torch.from_numpy(left.pop(0)))
            elif isinstance(module, nn.Linear):
                module.weight.copy_(torch.from_numpy(np.ascontiguousarray(left.pop(0).T)))
    if left:
        raise ValueError(f"set_weights: {math.prod(left[0].shape)} numbers have no place")
