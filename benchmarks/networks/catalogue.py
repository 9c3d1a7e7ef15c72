"""The measured networks."""

from __future__ import annotations

from collections.abc import Sequence

from networks.description import (
    SQUARES,
    Activate,
    Add,
    AveragePool,
    BatchNorm,
    Concat,
    Conv,
    Dense,
    Depthwise,
    Dropout,
    Flatten,
    GlobalAverage,
    Layer,
    LayerNorm,
    MaxPool,
    Network,
    Transposed,
)

Layers = list[Layer]
Size = int | tuple[int, int]
CLASSES = 10


def activated(filters: int, size: Size, stride: int = 1, padded: bool = True) -> Layers:
    """A convolution with a bias, and ReLU."""
    return [Conv(size, stride, padded, filters=filters), Activate("relu")]


def normalized(
    filters: int, size: Size, stride: int = 1, activation: str | None = "relu"
) -> Layers:
    """A convolution without a bias, batch normalization, and an activation unless it is None."""
    layers: Layers = [Conv(size, stride, filters=filters, bias=False), BatchNorm()]
    return layers if activation is None else [*layers, Activate(activation)]


def head(classes: int = CLASSES) -> Layers:
    """The mean of the map, and the logits."""
    return [GlobalAverage(), Dense(classes)]


def joined(parts: Sequence[Layers]) -> Layers:
    return [layer for part in parts for layer in part]


def cifar10_table() -> Layers:
    """As `fastconv.models.zoo.cifar10_table`."""
    return [
        *activated(32, 3),
        *activated(64, 3),
        *(MaxPool(2), Dropout(0.25)),
        *activated(128, 3),
        MaxPool(2),
        *activated(128, 2),
        *(MaxPool(2), Dropout(0.25), Flatten()),
        *(Dense(1500), Activate("relu"), Dropout(0.5), Dense(CLASSES)),
    ]


def six_convolutions() -> Layers:
    blocks = [
        [*normalized(width, 3), *normalized(width, 3), MaxPool(2)] for width in (64, 128, 256)
    ]
    return [*joined(blocks), *head()]


def strided_silu() -> Layers:
    stages = [
        [*normalized(width, 3, 2, "silu"), *normalized(width, 3, 1, "silu")]
        for width in (32, 64, 128, 256)
    ]
    return [*joined(stages), *head()]


def classic_5x5() -> Layers:
    blocks = [[*activated(filters, 5), MaxPool(2)] for filters in (32, 32, 64)]
    return [*joined(blocks), Flatten(), Dense(64), Activate("relu"), Dense(CLASSES)]


def mlp() -> Layers:
    return [*joined([[Dense(1024), Activate("relu")] for _ in range(2)]), Dense(CLASSES)]


def lenet5() -> Layers:
    """As `fastconv.models.zoo.lenet5`, for digits with a border of two pixels."""
    tanh = Activate("tanh")
    return [
        *(Conv(5, padded=False, filters=6), tanh, AveragePool(2)),
        *(Conv(5, padded=False, filters=16), tanh, AveragePool(2)),
        *(Conv(5, padded=False, filters=120), tanh, Flatten(), Dense(84), tanh, Dense(CLASSES)),
    ]


def all_convolutional() -> Layers:
    """Springenberg et al. 2014, All-CNN-C."""
    return [
        *(Dropout(0.2), *activated(96, 3), *activated(96, 3), *activated(96, 3, 2), Dropout(0.5)),
        *(*activated(192, 3), *activated(192, 3), *activated(192, 3, 2), Dropout(0.5)),
        *(*activated(192, 3, padded=False), *activated(192, 1), *activated(CLASSES, 1)),
        GlobalAverage(),
    ]


def vgg16() -> Layers:
    """As `fastconv.models.zoo.vgg16`."""
    counts = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
    blocks = [[*joined([activated(width, 3)] * n), MaxPool(2)] for width, n in counts]
    dense = joined([[Dense(4096), Activate("relu"), Dropout(0.5)] for _ in range(2)])
    return [*joined(blocks), Flatten(), *dense, Dense(CLASSES)]


def resnet(counts: Sequence[int], bottleneck: bool, stem: Layers, classes: int) -> Layers:
    """As `fastconv.models.zoo.resnet`."""
    layers, channels = list(stem), 64
    for stage, (width, count) in enumerate(zip((64, 128, 256, 512), counts, strict=True)):
        for number in range(count):
            stride = 2 if stage and not number else 1
            out = 4 * width if bottleneck else width
            body = (
                [*normalized(width, 1), *normalized(width, 3, stride)]
                if bottleneck
                else normalized(width, 3, stride)
            )
            body += normalized(out, 1 if bottleneck else 3, 1, None)
            same = stride == 1 and channels == out
            shortcut = [] if same else normalized(out, 1, stride, None)
            layers += [Add(body, shortcut), Activate("relu")]
            channels = out
    return [*layers, *head(classes)]


def resnet18() -> Layers:
    return resnet((2, 2, 2, 2), False, normalized(64, 3), CLASSES)


def resnet50() -> Layers:
    return resnet((3, 4, 6, 3), True, [*normalized(64, 7, 2), MaxPool(3, 2, True)], 1000)


def mobilenet_v2() -> Layers:
    """As `fastconv.models.zoo.mobilenet_v2`, in its form for images of CIFAR-10."""
    stages = (
        (1, 16, 1, 1),
        (6, 24, 2, 1),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    )
    layers, channels = normalized(32, 3, 1, "relu6"), 32
    for wider, filters, count, first in stages:
        for number in range(count):
            stride = first if number == 0 else 1
            body = normalized(wider * channels, 1, 1, "relu6") if wider > 1 else []
            body += [Depthwise(3, stride, bias=False), BatchNorm(), Activate("relu6")]
            body += normalized(filters, 1, 1, None)
            layers += [Add(body, [])] if stride == 1 and channels == filters else body
            channels = filters
    return [
        *layers,
        *normalized(1280, 1, 1, "relu6"),
        GlobalAverage(),
        Dropout(0.2),
        Dense(CLASSES),
    ]


def densenet(growth: int = 12, count: int = 6) -> Layers:
    """Three dense blocks with bottlenecks (Huang et al. 2016); transitions halve the channels."""

    def before(filters: int, size: int) -> Layers:
        return [BatchNorm(), Activate("relu"), Conv(size, filters=filters, bias=False)]

    layers: Layers = [Conv(3, filters=2 * growth, bias=False)]
    channels = 2 * growth
    for block in range(3):
        if block:
            channels //= 2
            layers += [*before(channels, 1), AveragePool(2)]
        for _ in range(count):
            layers.append(Concat([], [*before(4 * growth, 1), *before(growth, 3)]))
            channels += growth
    return [*layers, BatchNorm(), Activate("relu"), *head()]


def inception() -> Layers:
    """A stem, and two modules with 7x7 windows in two steps (Szegedy et al. 2015)."""

    def row(filters: int) -> Layers:
        return normalized(filters, (1, 7))

    def column(filters: int) -> Layers:
        return normalized(filters, (7, 1))

    def module(width: int) -> Layer:
        return Concat(
            normalized(96, 1),
            [*normalized(width, 1), *row(width), *column(96)],
            [*normalized(width, 1), *column(width), *row(width), *column(width), *row(96)],
            [AveragePool(3, 1, True), *normalized(96, 1)],
        )

    return [
        *(*normalized(32, 3), *normalized(64, 3), MaxPool(2)),
        *(module(48), module(64)),
        *(Concat(normalized(192, 3, 2), [MaxPool(3, 2, True)]), *normalized(320, 1), *head()),
    ]


def unet() -> Layers:
    """Ronneberger et al. 2015, three levels deep; the logits of two classes at every pixel."""

    def twice(filters: int) -> Layers:
        return [*normalized(filters, 3), *normalized(filters, 3)]

    inner = twice(256)
    for width in (128, 64, 32):
        inner = [
            *twice(width),
            Concat([], [MaxPool(2), *inner, Transposed(2, width)]),
            *twice(width),
        ]
    return [*inner, Conv(1, filters=2)]


def auto_encoder() -> Layers:
    down = joined([activated(filters, 3, 2) for filters in (32, 64, 128)])
    up = joined([[Transposed(2, filters), Activate("relu")] for filters in (64, 32)])
    return [
        *down,
        *activated(16, 1),
        *activated(128, 1),
        *up,
        Transposed(2, 3),
        Activate("sigmoid"),
    ]


def series() -> Layers:
    """For windows of 128 measurements of nine sensors, as in recognition of activities."""
    blocks = [[*normalized(filters, size), MaxPool(2)] for filters, size in ((64, 7), (128, 5))]
    return [*joined(blocks), *normalized(256, 3), *head(6)]


def large_kernels() -> Layers:
    """Depthwise 7x7 windows, as in ConvNeXt (Liu et al. 2022); patches of two pixels."""

    def block(width: int) -> Layer:
        body = [Depthwise(7), LayerNorm(), Conv(1, filters=4 * width), Activate("gelu")]
        return Add([], [*body, Conv(1, filters=width)])

    layers: Layers = []
    for width in (64, 128, 256):
        patches = [Conv(2, 2, False, filters=width), LayerNorm()]
        layers += [*(patches if not layers else patches[::-1]), block(width), block(width)]
    return [*layers, GlobalAverage(), LayerNorm(), Dense(CLASSES)]


IMAGE = (32, 32, 3)

NETWORKS: dict[str, Network] = {
    "cifar10_table": Network("CIFAR-10 table", IMAGE, cifar10_table()),
    "six_convolutions": Network("six 3×3 + BN", IMAGE, six_convolutions()),
    "strided_silu": Network("strided + BN + SiLU, 64 px", (64, 64, 3), strided_silu()),
    "classic_5x5": Network("three 5×5 + pooling", IMAGE, classic_5x5()),
    "mlp": Network("MLP 3072-1024-1024-10", (3072,), mlp()),
    "lenet5": Network("LeNet-5", (32, 32, 1), lenet5()),
    "all_convolutional": Network("All-CNN-C", IMAGE, all_convolutional()),
    "vgg16": Network("VGG-16, 32 px", IMAGE, vgg16()),
    "resnet18": Network("ResNet-18, 32 px", IMAGE, resnet18()),
    "resnet50": Network("ResNet-50, 224 px", (224, 224, 3), resnet50(), largest=16),
    "mobilenet_v2": Network("MobileNetV2, 32 px", IMAGE, mobilenet_v2()),
    "densenet": Network("DenseNet-BC, 32 px", IMAGE, densenet()),
    "inception": Network("Inception 1×7 + 7×1", IMAGE, inception()),
    "unet": Network("U-Net, 64 px", (64, 64, 3), unet(), largest=32),
    "auto_encoder": Network("auto-encoder, 32 px", IMAGE, auto_encoder(), SQUARES),
    "series": Network("1-D, 128 steps", (128, 9), series()),
    "large_kernels": Network("ConvNeXt-like 7×7, 32 px", IMAGE, large_kernels()),
}
"""The networks by the names that the command takes."""
