"""The recipe of the CIFAR-10 speed record, with its layers and hyperparameters.

K. Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU" (arXiv 2404.00498, 2024).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastconv.augment import MIRRORED_AND_SHIFTED, Augmented, View
from fastconv.callbacks import Callback, Freeze
from fastconv.initializers import VarianceScaling
from fastconv.layers import (
    GELU,
    BatchNormalization,
    Conv2D,
    Dense,
    Flatten,
    GlobalMaxPooling2D,
    Input,
    Layer,
    MaxPooling2D,
    Normalization,
    Rescaling,
    Whitening,
)
from fastconv.losses import SparseCategoricalCrossentropy
from fastconv.models import Model, Sequential
from fastconv.optimizers import SGD, Group, Lookahead
from fastconv.optimizers.schedules import Triangular
from fastconv.recipes.recipe import Recipe, evenly_spaced, pixel_statistics
from fastconv.utils.random import derive_seed


@dataclass(frozen=True)
class AirBench(Recipe):
    """A whitening convolution and groups of convolutions; large batches, few epochs.

    Attributes
    ----------
    widths, convolutions : tuple of int
        Of each group. A group's first convolution is followed by pooling, which halves the image,
        normalization and GELU; the others by normalization and GELU.
    learning_rate, weight_decay : float
        In the recipe's units, which `prepare` converts: of 1,024 images, apart from the momentum.
    bias_multiplier : float
        The learning rate of the normalizations' biases, relative to that of all other weights.
    bias_epochs : int
        The number of epochs after which the bias of the whitening convolution is frozen.
    """

    widths: tuple[int, ...] = (64, 256, 256)
    convolutions: tuple[int, ...] = (2, 2, 2)
    epochs: float = 9.9
    batch_size: int = 1024
    learning_rate: float = 11.5
    momentum: float = 0.85
    weight_decay: float = 0.0153
    bias_multiplier: float = 64.0
    bias_epochs: int = 3
    label_smoothing: float = 0.2
    crop: int = 2
    views: tuple[View, ...] = MIRRORED_AND_SHIFTED

    def network(self, images: np.ndarray, classes: int, seed: int) -> Model:
        mean, variance = pixel_statistics(images)
        pixels = Normalization(name="pixels")
        whitening = Whitening(2, name="whitening")
        stack: list[Layer] = [pixels, whitening, GELU()]
        for width, count in zip(self.widths, self.convolutions, strict=True):
            stack += [convolution(width), MaxPooling2D(2), normalization(), GELU()]
            for _ in range(count - 1):
                stack += [convolution(width), normalization(), GELU()]
        stack += [GlobalMaxPooling2D(), Flatten()]
        stack += [Dense(classes, use_bias=False, kernel_initializer=UNIFORM), Rescaling(1 / 9)]
        model = Sequential([Input(images.shape[1:]), *stack], name="airbench", seed=seed)
        pixels.set_weights([mean, variance])
        whitening.adapt((evenly_spaced(images) - mean) / np.sqrt(variance))
        return model

    def prepare(self, model: Model, images: int) -> None:
        total = sum(self.steps(images))
        # The loss is a sum over the batch; the recipe's units contain this factor of the momentum.
        sum_scale = 1024 * (1 + 1 / (1 - self.momentum))
        rate = self.learning_rate / sum_scale
        decay = self.weight_decay * 1024 / sum_scale / rate
        biases = Group("*/beta", self.bias_multiplier, weight_decay=decay / self.bias_multiplier)
        optimizer = SGD(
            Triangular(rate, total, start=0.2, peak=0.23, end=0.07),
            momentum=self.momentum,
            nesterov=True,
            velocity_of="gradients",
            weight_decay=decay,
            decoupled_weight_decay=False,
            groups=[biases],
            lookahead=Lookahead(5, 0.95**5, power=3, total_steps=total),
        )
        loss = SparseCategoricalCrossentropy(
            from_logits=True, label_smoothing=self.label_smoothing, reduction="sum"
        )
        model.compile(optimizer, loss, ["accuracy"])

    def batches(self, x: np.ndarray, y: np.ndarray, seed: int) -> Augmented:
        return Augmented(
            x,
            y,
            batch_size=self.batch_size,
            crop=self.crop,
            flip="alternating",
            drop_remainder=True,
            seed=derive_seed(seed, 1),
        )

    def callbacks(self) -> list[Callback]:
        return [Freeze("whitening", self.bias_epochs)]


UNIFORM = VarianceScaling(1 / 3, "fan_in", "uniform")
"""Uniform within ±1/sqrt(fan_in), the default of the recipe's framework."""


def convolution(width: int) -> Conv2D:
    """A 3×3 convolution without bias that starts as the identity."""
    return Conv2D(width, 3, padding="same", use_bias=False, kernel_initializer="dirac")


def normalization() -> BatchNormalization:
    """A batch normalization without a trained scale."""
    return BatchNormalization(scale=False, momentum=0.6, epsilon=1e-12)


FAST94 = AirBench()
FAST93 = AirBench(widths=(64, 128, 128), epochs=11)
FAST79 = AirBench(
    widths=(32, 64, 128), convolutions=(1, 2, 2), epochs=2, batch_size=256, bias_epochs=1
)
