"""Predefined networks, each with its training recipe."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastconv._arguments import check_choice
from fastconv.models.model import Model
from fastconv.models.zoo import (
    cats_dogs,
    cifar10_table,
    lenet5,
    mnist,
    mobilenet_v2,
    resnet,
    time_series,
    vgg16,
)
from fastconv.models.zoo.hyperparameters import Hyperparameters

__all__ = ["NAMES", "Hyperparameters", "build", "made_for", "recipe"]


@dataclass(frozen=True, slots=True)
class _Network:
    make: Callable[..., Model]
    recipe: Callable[..., Hyperparameters]


_IMAGENET, _CIFAR = ((224, 224, 3), 1000), ((32, 32, 3), 10)


def _resnet(depth: int, cifar: bool) -> _Network:
    shape, count = _CIFAR if cifar else _IMAGENET

    def make(
        input_shape: Sequence[int] = shape, classes: int = count, seed: int | None = None
    ) -> Model:
        return resnet.network(input_shape, classes, seed, depth=depth, cifar=cifar)

    return _Network(make, partial(resnet.recipe, cifar))


def _mobilenet_v2(cifar: bool) -> _Network:
    shape, count = _CIFAR if cifar else _IMAGENET

    def make(
        input_shape: Sequence[int] = shape, classes: int = count, seed: int | None = None
    ) -> Model:
        return mobilenet_v2.network(input_shape, classes, seed, cifar=cifar)

    return _Network(make, partial(mobilenet_v2.recipe, cifar))


_NETWORKS = {
    "cifar10": _Network(cifar10_table.network, cifar10_table.recipe),
    "mnist": _Network(mnist.network, mnist.recipe),
    "lenet5": _Network(lenet5.network, lenet5.recipe),
    "cats_dogs": _Network(cats_dogs.network, cats_dogs.recipe),
    "time_series": _Network(time_series.network, time_series.recipe),
    "vgg16": _Network(vgg16.network, vgg16.recipe),
    "resnet18": _resnet(18, False),
    "resnet50": _resnet(50, False),
    "cifar_resnet18": _resnet(18, True),
    "cifar_resnet50": _resnet(50, True),
    "mobilenet_v2": _mobilenet_v2(False),
    "cifar_mobilenet_v2": _mobilenet_v2(True),
}

NAMES = tuple(_NETWORKS)
"""The networks that `build` knows."""


def build(
    name: str, input_shape: Sequence[int], classes: int, seed: int | None = None, **options: Any
) -> Model:
    """A network of the zoo with newly drawn weights, compiled by its recipe for integer labels.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    input_shape : tuple of int
        Shape of one image: ``(32, 32, 3)``. Pixels are from 0 to 255; the network scales them.
    classes : int
        Number of classes.
    seed : int, optional
        All randomness is derived from it.
    **options
        Options of the network, e.g. ``as_published=True`` of "cifar10".

    Raises
    ------
    ValueError
        If there is no such network, or the images are too small for it.

    Examples
    --------
    >>> build("cifar10", (32, 32, 3), 10).count_params()
    3247422
    """
    network = _NETWORKS[check_choice(name, NAMES, where="zoo.build", what="name")]
    model = network.make(input_shape, classes, seed, **options)
    how = network.recipe(**options)
    model.compile(
        how.make_optimizer(how.learning_rate), "sparse_categorical_crossentropy", ["accuracy"]
    )
    return model


def recipe(name: str, **options: Any) -> Hyperparameters:
    """The training recipe of the network `name`; options as for `build`."""
    return _NETWORKS[check_choice(name, NAMES, where="zoo.recipe", what="name")].recipe(**options)


def made_for(name: str) -> tuple[tuple[int, ...], int]:
    """The image shape and the number of classes that the network `name` was designed for.

    Examples
    --------
    >>> made_for("cifar10")
    ((32, 32, 3), 10)
    """
    network = _NETWORKS[check_choice(name, NAMES, where="zoo.made_for", what="name")]
    parameters = inspect.signature(network.make).parameters
    return parameters["input_shape"].default, parameters["classes"].default
