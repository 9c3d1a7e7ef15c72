"""The measured shapes, each with the networks that it is from, and random images.

The id of a convolution or pooling, such as mb128_ih32iw32ic32_oc64_kh3kw3_sh1_same, has the batch
size, height, width and channels of the map, filters, window, stride, padding. Batches of the large
networks are as small as a measurement allows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fastconv.plan.geometry.shapes import Conv2DShape, Pool2DShape, conv2d_shape, pool2d_shape

IMAGE, CLASSES = (32, 32, 3), 10
"""The shape of CIFAR-10's images, and its number of classes."""


def batch(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Random uint8 images of shape `IMAGE`, and random labels."""
    random = np.random.default_rng(21)
    x = random.integers(0, 256, (size, *IMAGE), dtype=np.uint8)
    return x, random.integers(0, CLASSES, size)


def _images(case: Any) -> str:
    """The first part of the id of a convolution or pooling."""
    return f"mb{case.mb}_ih{case.size}iw{case.size}ic{case.ic}"


@dataclass(frozen=True)
class Conv:
    """One convolution layer of a network."""

    network: str
    mb: int
    size: int
    ic: int
    oc: int
    k: int
    stride: int = 1
    padding: Any = "same"
    groups: int = 1

    def __str__(self) -> str:
        window = f"oc{self.oc}_kh{self.k}kw{self.k}_sh{self.stride}"
        groups = f"_g{self.groups}" if self.groups > 1 else ""
        return f"{_images(self)}_{window}_{self.padding}{groups}"

    @property
    def shape(self) -> Conv2DShape:
        x = (self.mb, self.size, self.size, self.ic)
        w = (self.k, self.k, self.ic // self.groups, self.oc)
        return conv2d_shape(x, w, self.stride, self.padding, 1, self.groups)

    @property
    def is_3x3(self) -> bool:
        """Whether it is a 3x3 convolution of the kind that dominates most networks' work."""
        return (
            (self.k, self.stride, self.groups) == (3, 1, 1)
            and self.ic >= 16
            and 8 <= self.size <= 56
        )


def _depthwise(network: str, mb: int, size: int, channels: int, stride: int = 1) -> Conv:
    return Conv(network, mb, size, channels, channels, 3, stride, groups=channels)


CONVOLUTIONS = [
    Conv("table", 128, 32, 3, 32, 3),
    Conv("table", 128, 32, 32, 64, 3),
    Conv("table", 128, 16, 64, 128, 3),
    Conv("table", 128, 8, 128, 128, 2),
    Conv("LeNet-5", 128, 32, 1, 6, 5, padding="valid"),
    Conv("LeNet-5", 128, 14, 6, 16, 5, padding="valid"),
    Conv("LeNet-5", 128, 5, 16, 120, 5, padding="valid"),
    Conv("VGG-16", 2, 224, 3, 64, 3),
    Conv("VGG-16", 2, 224, 64, 64, 3),
    Conv("VGG-16", 2, 112, 64, 128, 3),
    Conv("VGG-16", 2, 112, 128, 128, 3),
    Conv("VGG-16", 4, 56, 128, 256, 3),
    Conv("VGG-16", 4, 56, 256, 256, 3),
    Conv("VGG-16", 8, 28, 256, 512, 3),
    Conv("VGG-16", 8, 28, 512, 512, 3),
    Conv("VGG-16", 16, 14, 512, 512, 3),
    Conv("ResNet", 16, 224, 3, 64, 7, 2, 3),
    Conv("ResNet-18", 16, 56, 64, 64, 3),
    Conv("ResNet-18", 16, 56, 64, 128, 3, 2, 1),
    Conv("ResNet-18", 16, 56, 64, 128, 1, 2, 0),
    Conv("ResNet-18", 16, 28, 128, 128, 3),
    Conv("ResNet-18", 16, 28, 128, 256, 3, 2, 1),
    Conv("ResNet-18", 16, 14, 256, 256, 3),
    Conv("ResNet-18", 16, 14, 256, 512, 3, 2, 1),
    Conv("ResNet-18", 16, 7, 512, 512, 3),
    Conv("ResNet-50", 16, 56, 64, 64, 1),
    Conv("ResNet-50", 16, 56, 64, 256, 1),
    Conv("ResNet-50", 16, 56, 256, 64, 1),
    Conv("ResNet-50", 16, 56, 256, 512, 1, 2, 0),
    Conv("ResNet-50", 16, 28, 512, 128, 1),
    Conv("ResNet-50", 16, 14, 1024, 256, 1),
    Conv("ResNet-50", 16, 14, 256, 1024, 1),
    Conv("ResNet-50", 16, 7, 2048, 512, 1),
    Conv("MobileNet", 16, 224, 3, 32, 3, 2, 1),
    _depthwise("MobileNet", 16, 112, 32),
    Conv("MobileNet", 16, 112, 32, 64, 1),
    _depthwise("MobileNet", 16, 112, 64, 2),
    _depthwise("MobileNet", 16, 56, 128),
    Conv("MobileNet", 16, 56, 128, 128, 1),
    _depthwise("MobileNet", 16, 14, 512),
    Conv("MobileNet", 16, 14, 512, 512, 1),
    _depthwise("MobileNet", 16, 7, 1024),
]

# 3x3 convolutions whose direct method is compared with the processor's peak.
DIRECT = [
    Conv("square", 32, 56, 32, 32, 3),
    Conv("table", 128, 32, 32, 64, 3),
    Conv("square", 32, 32, 64, 64, 3),
    Conv("table", 128, 16, 64, 128, 3),
    Conv("square", 32, 28, 128, 128, 3),
    Conv("square", 32, 14, 256, 256, 3),
    Conv("square", 128, 8, 128, 256, 3),
]

# Windows and strides other than 3x3 and 1, which Winograd's method computes in parts: on both sides
# of what the choice between it and the direct method turns on.
WINDOWS = [
    Conv("5x5", 32, 28, 64, 64, 5),
    Conv("5x5", 32, 28, 16, 32, 5),
    Conv("5x5", 32, 14, 192, 256, 5),
    Conv("5x5", 128, 14, 6, 16, 5, padding="valid"),
    Conv("5x5", 128, 7, 64, 64, 5),
    Conv("7x7", 16, 28, 64, 64, 7),
    Conv("9x9", 16, 28, 32, 32, 9),
    Conv("2x2", 32, 28, 32, 32, 2),
    Conv("2x2", 32, 28, 128, 128, 2),
    Conv("4x4", 32, 28, 64, 64, 4),
    Conv("strides", 16, 56, 64, 128, 3, 2, 1),
    Conv("strides", 16, 28, 256, 256, 3, 2, 1),
    Conv("strides", 16, 28, 16, 32, 3, 2, 1),
    Conv("strides", 16, 32, 64, 128, 4, 2, 1),
    Conv("strides", 16, 28, 64, 64, 5, 2),
    Conv("strides", 4, 224, 3, 64, 7, 2, 3),
    Conv("strides", 4, 224, 3, 96, 11, 4),
]


@dataclass(frozen=True)
class Gemm:
    """c (m, n) = a (m, k) @ b (k, n); `trans_a`, `trans_b`: stored transposed."""

    kind: str
    m: int
    k: int
    n: int
    trans_a: bool = False
    trans_b: bool = False

    def __str__(self) -> str:
        turned = "_ta" * self.trans_a + "_tb" * self.trans_b
        return f"m{self.m}_k{self.k}_n{self.n}{turned}"

    @property
    def flops(self) -> int:
        return 2 * self.m * self.k * self.n


GEMMS = [
    *(Gemm("square", size, size, size) for size in (256, 512, 1024, 2048)),
    Gemm("odd", 509, 521, 523),
    Gemm("skinny", 16384, 64, 64),
    Gemm("skinny", 64, 16384, 64),
    Gemm("skinny", 64, 64, 16384),
    Gemm("skinny", 1, 1024, 1024),
    Gemm("table, fwd", 128, 2048, 1500),
    Gemm("table, bwd_data", 128, 1500, 2048, trans_b=True),
    Gemm("table, bwd_weights", 2048, 128, 1500, trans_a=True),
    Gemm("table, fwd", 128, 1500, 10),
    Gemm("LeNet-5, fwd", 128, 120, 84),
    Gemm("VGG-16, fwd", 32, 4096, 4096),
    Gemm("ResNet-50, fwd", 32, 2048, 1000),
]


@dataclass(frozen=True)
class Pool:
    """One pooling layer."""

    kind: str
    mb: int
    size: int
    ic: int
    k: int
    stride: int
    padding: Any = "valid"

    def __str__(self) -> str:
        window = f"kh{self.k}kw{self.k}_sh{self.stride}"
        return f"{self.kind}_{_images(self)}_{window}_{self.padding}"

    @property
    def shape(self) -> Pool2DShape:
        x = (self.mb, self.size, self.size, self.ic)
        return pool2d_shape(x, self.k, self.stride, self.padding)


POOLINGS = [
    Pool("max", 128, 32, 64, 2, 2),
    Pool("max", 128, 16, 128, 2, 2),
    Pool("max", 128, 8, 128, 2, 2),
    Pool("max", 16, 112, 64, 3, 2, 1),
    Pool("max", 16, 28, 192, 3, 1, 1),
    Pool("max", 16, 13, 256, 5, 1, 2),
    Pool("avg", 128, 28, 6, 2, 2),
    Pool("avg", 128, 32, 64, 2, 2),
    Pool("avg", 16, 28, 192, 3, 1, 1),
    Pool("avg", 16, 7, 2048, 7, 7),
]


def make_small() -> None:
    """Shrink every list for a trial run: batches of one, no large products."""
    CONVOLUTIONS[:] = [replace(case, mb=1) for case in CONVOLUTIONS]
    CONVOLUTIONS[:] = [case for case in CONVOLUTIONS if case.shape.flops < 5e8]
    DIRECT[:] = [replace(case, mb=1) for case in DIRECT]
    WINDOWS[:] = [replace(case, mb=1) for case in WINDOWS]
    WINDOWS[:] = [case for case in WINDOWS if case.shape.flops < 1e8]
    GEMMS[:] = [case for case in GEMMS if case.flops < 1e9]
    POOLINGS[:] = [replace(case, mb=2) for case in POOLINGS]
