"""The table's network in PyTorch, to be measured beside ours; needs the extra ``[peers]``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

LAYOUTS = {"NCHW": "contiguous_format", "NHWC": "channels_last"}
"""PyTorch's two layouts of images, and what it calls them."""


def network(image_shape: Sequence[int], classes: int, layout: str, as_published: bool) -> Any:
    """The layers up to the sums of the last one; weights Glorot-uniform, biases zero.

    Parameters
    ----------
    image_shape : (height, width, channels)
    classes : int
    layout : str
        One of `LAYOUTS`.
    as_published : bool
        Without dropout.
    """
    import torch
    from torch import nn

    height, width, channels = image_shape

    def dropout(rate: float) -> list[Any]:
        return [] if as_published else [nn.Dropout(rate)]

    model: Any = nn.Sequential(
        *(nn.Conv2d(channels, 32, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), *dropout(0.25)),
        *(nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(128, 128, 2), nn.ReLU(), nn.MaxPool2d(2)),
        *(*dropout(0.25), nn.Flatten(), nn.Linear((height // 8) * (width // 8) * 128, 1500)),
        *(nn.ReLU(), *dropout(0.5), nn.Linear(1500, classes)),
    )
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                nn.init.xavier_uniform_(parameter)
            else:
                parameter.zero_()
    return model.to(memory_format=getattr(torch, LAYOUTS[layout]))


def set_weights(model: Any, weights: Sequence[np.ndarray], image_shape: Sequence[int]) -> None:
    """Copy our network's weights, in the order of `Model.get_weights`, into `network`'s."""
    import torch

    height, width = image_shape[0] // 8, image_shape[1] // 8
    turned = []
    for array in weights:
        if array.ndim == 4:
            array = array.transpose(3, 2, 0, 1)
        elif array.shape[0] == height * width * 128 and array.ndim == 2:
            # Its input is flattened, channels last here and channels first there.
            array = array.reshape(height, width, 128, -1).transpose(3, 2, 0, 1)
            array = array.reshape(len(array), -1)
        elif array.ndim == 2:
            array = array.T
        turned.append(np.ascontiguousarray(array))
    with torch.no_grad():
        for parameter, array in zip(model.parameters(), turned, strict=True):
            parameter.copy_(torch.from_numpy(array))


def images(x: np.ndarray, layout: str) -> Any:
    """uint8 images (mb, ih, iw, ic) as the network takes them: scaled, in its layout."""
    import torch

    turned = torch.from_numpy(x).permute(0, 3, 1, 2)
    return turned.to(torch.float32, memory_format=getattr(torch, LAYOUTS[layout])).div_(255)


def loss(sums: Any, labels: Any, as_published: bool) -> Any:
    """The mean cross-entropy; as published, the softmax is taken twice."""
    from torch.nn import functional

    return functional.cross_entropy(sums.softmax(1) if as_published else sums, labels)
