"""The recipe `AirBench` in PyTorch, in float32: its network and its training.

It computes the same as `fastconv.recipes.airbench`, with PyTorch's functions and names.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import _peers
import numpy as np

from fastconv.recipes.airbench import AirBench
from fastconv.recipes.recipe import evenly_spaced, pixel_statistics

torch = _peers.torch
if torch is not None:
    from torch import nn


def network(recipe: AirBench, images: np.ndarray, classes: int, layout: str) -> Any:
    """The layers, from scaled pixels to the outputs before the softmax, with new weights.

    Parameters
    ----------
    images : uint8 (n, h, w, c)
        The data that the whitening filters are computed from.
    layout : str
        One of `_peers.LAYOUTS`.
    """

    def group(inputs: int, width: int, count: int) -> list[Any]:
        found = [_convolution(inputs, width), nn.MaxPool2d(2), _norm(width), nn.GELU()]
        for _ in range(count - 1):
            found += [_convolution(width, width), _norm(width), nn.GELU()]
        return found

    class Ninth(nn.Module):
        def forward(self, x: Any) -> Any:
            return x / 9

    first = nn.Conv2d(images.shape[-1], 8 * images.shape[-1], 2)
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
    model = nn.Sequential(*layers, *head, Ninth())
    return model.to(memory_format=_peers.memory_format(layout)).train()


def _convolution(inputs: int, width: int) -> Any:
    made = nn.Conv2d(inputs, width, 3, padding="same", bias=False)
    with torch.no_grad():
        nn.init.dirac_(made.weight[:inputs])
    return made


def _norm(width: int) -> Any:
    made = nn.BatchNorm2d(width, eps=1e-12, momentum=0.4)  # 1 - ours
    made.weight.requires_grad_(False)
    return made


def scaled(x: np.ndarray, mean: Any, deviation: Any, layout: str) -> Any:
    """uint8 images (mb, ih, iw, ic) as the network takes them."""
    return _peers.torch_image(x, layout).sub_(mean).div_(deviation)


def statistics(images: np.ndarray) -> tuple[Any, Any]:
    """Mean and standard deviation of each channel, as `scaled` takes them."""
    mean, variance = pixel_statistics(images)
    deviation = np.sqrt(variance)
    both = torch.tensor(np.stack([mean, deviation]), dtype=torch.float32)[:, :, None, None]
    return both[0], both[1]


def whitening(images: np.ndarray) -> Any:
    """The fixed filters of the first convolution."""
    x = scaled(evenly_spaced(images), *statistics(images), "NCHW")
    patches = (
        x.unfold(2, 2, 1).unfold(3, 2, 1).permute(0, 2, 3, 1, 4, 5).reshape(-1, 4 * x.shape[1])
    )
    values, vectors = torch.linalg.eigh(patches.double().T @ patches.double() / len(patches))
    filters = (vectors / torch.sqrt(values + 5e-4)).T.flip(0).reshape(-1, x.shape[1], 2, 2)
    return torch.cat([filters, -filters]).float()


def set_weights(model: Any, weights: Sequence[np.ndarray]) -> None:
    """Copy our network's weights, in the order of `Model.get_weights`, into `network`'s."""
    left = list(weights[2:])  # without the pixels' mean and variance
    with torch.no_grad():
        for module in model:
            targets: tuple[Any, ...] = ()
            if isinstance(module, nn.BatchNorm2d):
                targets = (module.bias, module.running_mean, module.running_var)
            elif isinstance(module, (nn.Conv2d, nn.Linear)):
                targets = tuple(module.parameters())
            for target in targets:
                target.copy_(_peers.torch_weights(left.pop(0)))
    if left:
        raise ValueError(f"set_weights: {math.prod(left[0].shape)} numbers have no place")


class Training:
    """Steps of the recipe: the optimizer with its two groups, the schedule, the slow weights.

    Attributes
    ----------
    taken : int
        Steps so far.
    slow : dict of tensors
        Lookahead's average of every array of the network.
    """

    def __init__(self, recipe: AirBench, model: Any, total: int) -> None:
        self.model, self.total, self.taken = model, total, 0
        self.smoothing = recipe.label_smoothing
        scale = 1024 * (1 + 1 / (1 - recipe.momentum))
        rate = recipe.learning_rate / scale
        decay = recipe.weight_decay * 1024 / scale
        norms = {module.bias for module in model.modules() if isinstance(module, nn.BatchNorm2d)}
        others = [p for p in model.parameters() if p not in norms and p.requires_grad]
        fast = rate * recipe.bias_multiplier
        self.optimizer = torch.optim.SGD(
            [
                {"params": [p for p in model.parameters() if p in norms], "lr": fast,
                 "weight_decay": decay / fast},
                {"params": others, "lr": rate, "weight_decay": decay / rate},
            ],
            lr=rate, momentum=recipe.momentum, nesterov=True,
        )  # fmt: skip
        self.peaks = [group["lr"] for group in self.optimizer.param_groups]
        self.slow = {name: value.clone() for name, value in self._arrays().items()}

    def step(self, x: Any, y: Any) -> float:
        """Train on a batch; returns the summed loss."""
        loss = nn.functional.cross_entropy(
            self.model(x), y, label_smoothing=self.smoothing, reduction="sum"
        )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
            group["lr"] = peak * self._share()
        self.optimizer.step()
        self.taken += 1
        if self.taken % 5 == 0:
            self._look_ahead(0.95**5 * (self.taken / self.total) ** 3)
        if self.taken == self.total:
            self._look_ahead(1.0)
        return loss.item()

    def momentum(self, parameter: Any) -> Any:
        """The optimizer's array for a parameter; None if it is never trained."""
        return self.optimizer.state[parameter].get("momentum_buffer")

    def resume(self, taken: int) -> None:
        """Restore the state after `taken` steps, except for the contents of the arrays."""
        for group in self.optimizer.param_groups:
            for parameter in group["params"]:
                buffer = parameter.detach().clone()
                self.optimizer.state[parameter]["momentum_buffer"] = buffer
        self.taken = taken

    def _share(self) -> float:
        """The next step's learning rate, as a share of the largest one."""
        i, top = self.taken, int(0.23 * self.total)
        return 0.2 + 0.8 * i / top if i < top else 1 - 0.93 * (i - top) / (self.total - top)

    def _look_ahead(self, decay: float) -> None:
        for name, value in self._arrays().items():
            self.slow[name].lerp_(value, 1 - decay)
            value.copy_(self.slow[name])

    def _arrays(self) -> dict[str, Any]:
        state = self.model.state_dict()
        return {name: value for name, value in state.items() if value.is_floating_point()}
