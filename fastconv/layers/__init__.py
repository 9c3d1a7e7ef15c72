"""Layers, with Keras's names and arguments.

Every layer also takes the arguments of `Layer`. An argument out of its range raises TypeError or
ValueError, which state the rule, what was received, and the nearest name if one is misspelled. So
does an input whose shape the layer does not accept.
"""

import fastconv.layers.symbolic_arithmetic  # noqa: F401 - gives symbolic tensors their operators
from fastconv.layers.activations import (
    ELU,
    GELU,
    Activation,
    LeakyReLU,
    PReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from fastconv.layers.base import Layer
from fastconv.layers.convolution import Conv1D, Conv2D
from fastconv.layers.dense import Dense
from fastconv.layers.depthwise_convolution import DepthwiseConv2D, SeparableConv2D
from fastconv.layers.dropout import Dropout, SpatialDropout1D, SpatialDropout2D
from fastconv.layers.geometric_augmentation import (
    RandomCrop,
    RandomFlip,
    RandomRotation,
    RandomTranslation,
    RandomZoom,
)
from fastconv.layers.image_preprocessing import CenterCrop, Normalization, Rescaling, Resizing
from fastconv.layers.input import Input, InputLayer
from fastconv.layers.merging import (
    Add,
    Average,
    Concatenate,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    maximum,
    minimum,
    multiply,
    subtract,
)
from fastconv.layers.normalization import BatchNormalization, GroupNormalization, LayerNormalization
from fastconv.layers.padding_and_cropping import (
    Cropping1D,
    Cropping2D,
    ZeroPadding1D,
    ZeroPadding2D,
)
from fastconv.layers.pixel_augmentation import RandomBrightness, RandomContrast, RandomErasing
from fastconv.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    LPPooling2D,
    MaxPooling1D,
    MaxPooling2D,
    MinPooling2D,
)
from fastconv.layers.regularization import ActivityRegularization
from fastconv.layers.reshaping import (
    Flatten,
    Permute,
    RepeatVector,
    Reshape,
    UpSampling1D,
    UpSampling2D,
)
from fastconv.layers.transposed_convolution import Conv1DTranspose, Conv2DTranspose
from fastconv.layers.whitening import Whitening, whitening_filters

__all__ = [
    "ELU",
    "GELU",
    "Activation",
    "ActivityRegularization",
    "Add",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "BatchNormalization",
    "CenterCrop",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "Flatten",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GroupNormalization",
    "Input",
    "InputLayer",
    "LPPooling2D",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "MaxPooling1D",
    "MaxPooling2D",
    "Maximum",
    "MinPooling2D",
    "Minimum",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomErasing",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Resizing",
    "SeparableConv2D",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "Subtract",
    "Tanh",
    "UpSampling1D",
    "UpSampling2D",
    "Whitening",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "add",
    "average",
    "concatenate",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
    "whitening_filters",
]

CLASSES = tuple(name for name in __all__ if isinstance(globals()[name], type))
"""The layers that a model file may name."""

# Keras's aliases.
AvgPool1D = AveragePooling1D
AvgPool2D = AveragePooling2D
Convolution1D = Conv1D
Convolution2D = Conv2D
Convolution2DTranspose = Conv2DTranspose
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
MaxPool1D = MaxPooling1D
MaxPool2D = MaxPooling2D
SeparableConvolution2D = SeparableConv2D
__all__ += ["AvgPool1D", "AvgPool2D", "Convolution1D", "Convolution2D", "Convolution2DTranspose"]
__all__ += ["GlobalAvgPool1D", "GlobalAvgPool2D", "GlobalMaxPool1D", "GlobalMaxPool2D"]
__all__ += ["MaxPool1D", "MaxPool2D", "SeparableConvolution2D"]
