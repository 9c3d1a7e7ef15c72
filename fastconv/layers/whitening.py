"""A first convolution that whitens patches: it decorrelates the colors of neighboring pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastconv._arguments import as_float, as_pair
from fastconv.initializers import Initializer
from fastconv.layers.convolution import Conv2D
from fastconv.layers.data_format import image_shape
from fastconv.utils.arrays import Shape, as_numbers


def whitening_filters(
    images: Any, size: int | Sequence[int] = 2, epsilon: float = 5e-4
) -> np.ndarray:
    """Filters whose responses to the patches of `images` are uncorrelated and of variance one.

    With the second moments M of all patches of `size` (means are not subtracted, so the images
    should have a mean near zero), M = V diag(λ) Vᵀ, the filters are the columns of
    V / sqrt(λ + epsilon), in the order of decreasing λ, followed by their negatives.

    Parameters
    ----------
    images : array_like, (n, h, w, c)
    size : int or pair
        Height and width of a patch.
    epsilon : float
        Limits the amplification of directions with little variance.

    Returns
    -------
    (kh, kw, c, 2 * kh * kw * c) float32 array
        A convolution's kernel. The component of largest magnitude is positive in each filter of
        the first half.

    Raises
    ------
    TypeError, ValueError
        If `images` are not such an array, or smaller than a patch.

    References
    ----------
    Coates, Ng, "Learning feature representations with k-means" (2012); in front of a network: Page,
    "How to train your ResNet" (2018); Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU"
    (arXiv 2404.00498).

    Examples
    --------
    >>> images = np.random.default_rng(3).standard_normal((50, 8, 8, 3))
    >>> whitening_filters(images).shape
    (2, 2, 3, 24)
    """
    where = "whitening_filters"
    x = as_numbers(images, "images", where=where)
    kh, kw = as_pair(size, "size", where=where)
    small = _at_least_zero(epsilon, where)
    if x.ndim != 4 or len(x) == 0 or x.shape[1] < kh or x.shape[2] < kw:
        raise ValueError(
            f"{where}: images must be (n, h, w, c) and no smaller than a patch, {(kh, kw)}; "
            f"received {x.shape}"
        )
    width, count = kh * kw * x.shape[3], 0
    moments = np.zeros((width, width))
    for k in range(0, len(x), 256):
        part = np.asarray(x[k : k + 256], np.float64)
        windows = np.lib.stride_tricks.sliding_window_view(part, (kh, kw), axis=(1, 2))
        patches = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, width)
        moments += patches.T @ patches
        count += len(patches)
    if not np.isfinite(moments).all():
        raise ValueError(
            f"{where}: images must be finite, and so must the sums of their squares; received NaN "
            "or infinity in them"
        )
    variances, vectors = np.linalg.eigh(moments / count)
    variances, vectors = variances[::-1], vectors[:, ::-1]
    largest = np.abs(vectors).argmax(0)
    signs = np.sign(np.take_along_axis(vectors, largest[np.newaxis], 0))
    filters = vectors * signs / np.sqrt(np.maximum(variances, 0) + small)
    both = np.concatenate([filters, -filters], axis=1)
    return both.reshape(kh, kw, x.shape[3], -1).astype(np.float32)


class Whitening(Conv2D):
    """A convolution with fixed filters that whiten patches of images, and a trained bias.

    It has 2 * kh * kw * channels filters, those of `whitening_filters`, which `adapt` computes from
    images. Before that, they are the filters for uncorrelated pixels.

    Parameters
    ----------
    kernel_size : int or pair
    strides, padding, use_bias, activation, ...
        As in `Conv2D`.
    epsilon : float
        As in `whitening_filters`.
    name, trainable, input_shape
        As for every `Layer`; without `trainable` the bias is fixed as well.

    Examples
    --------
    >>> images = np.random.default_rng(3).standard_normal((50, 8, 8, 3)) * [1, 2, 3]
    >>> layer = Whitening(2)
    >>> layer.adapt(images)
    >>> y = layer(images)
    >>> y.shape, bool(abs((y**2).mean((0, 1, 2)) - 1).max() < 0.01)
    ((50, 7, 7, 24), True)
    """

    def __init__(
        self, kernel_size: int | Sequence[int] = 2, epsilon: float = 5e-4, **kwargs: Any
    ) -> None:
        if kwargs.get("groups", 1) != 1 or kwargs.get("data_format") == "channels_first":
            raise ValueError(
                "Whitening: images must be channels_last, in one group; received "
                f"data_format {kwargs.get('data_format')!r}, groups {kwargs.get('groups', 1)!r}"
            )
        # A placeholder: the number of filters follows from the input's channels.
        super().__init__(1, kernel_size, **kwargs)
        self.epsilon = _at_least_zero(epsilon, type(self).__name__)

    def build(self, input_shape: Shape) -> None:
        self._count(input_shape)
        shape = self._geometry(input_shape).w_shape
        start = _Uncorrelated(self.epsilon)
        self.kernel = self.add_weight("kernel", shape, start, trainable=False)
        self.add_bias(self.filters)

    def adapt(self, images: Any) -> None:
        """Compute the filters from images (n, h, w, c), preprocessed like the layer's inputs."""
        x = as_numbers(images, "images", where=self.name)
        filters = whitening_filters(x, self.kernel_size, self.epsilon)
        self.ensure_built(x.shape[1:])
        self.kernel.value = filters

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self._count(input_shape)
        return super().compute_output_shape(input_shape)

    def _count(self, input_shape: Shape) -> None:
        kh, kw = self.kernel_size
        *_, channels = image_shape(input_shape, self.data_format, where=self.name)
        self.filters = 2 * kh * kw * channels

    def get_config(self) -> dict[str, Any]:
        own = super().get_config()
        for name in ("filters", "groups", "kernel_initializer", "data_format"):
            del own[name]
        return {**own, "epsilon": self.epsilon}


class _Uncorrelated(Initializer):
    """The filters for uncorrelated pixels of variance 1."""

    def __init__(self, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        plain = np.eye(math.prod(shape[:-1]), dtype=np.float32) / np.sqrt(1 + self.epsilon)
        return np.concatenate([plain, -plain], axis=1).reshape(shape).astype(np.float32)


def _at_least_zero(epsilon: Any, where: str) -> float:
    number = as_float(epsilon, "epsilon", where=where)
    if number < 0:
        raise ValueError(f"{where}: epsilon must be at least 0; received {epsilon!r}")
    return number
