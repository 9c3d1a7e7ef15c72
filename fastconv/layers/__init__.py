"""Layers, with Keras's names and arguments."""

import fastconv.layers.symbolic_arithmetic  # noqa: F401 - gives symbolic tensors their operators
from fastconv.layers.activation import Activation
from fastconv.layers.activations import (
    ELU,
    GELU,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from fastconv.layers.activity_regularization import ActivityRegularization
from fastconv.layers.base import Layer
from fastconv.layers.batch_normalization import BatchNormalization
from fastconv.layers.conv1d import Conv1D
from fastconv.layers.conv1d_transpose import Conv1DTranspose
from fastconv.layers.conv2d import Conv2D
from fastconv.layers.conv2d_transpose import Conv2DTranspose
from fastconv.layers.dense import Dense
from fastconv.layers.depthwise_conv2d import DepthwiseConv2D
from fastconv.layers.dropout import Dropout
from fastconv.layers.edges import Cropping1D, Cropping2D, ZeroPadding1D, ZeroPadding2D
from fastconv.layers.flatten import Flatten
from fastconv.layers.global_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
)
from fastconv.layers.group_normalization import GroupNormalization
from fastconv.layers.input import Input, InputLayer
from fastconv.layers.layer_normalization import LayerNormalization
from fastconv.layers.merging import (
    Add,
    Average,
    Concatenate,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
)
from fastconv.layers.merging_functions import (
    add,
    average,
    concatenate,
    maximum,
    minimum,
    multiply,
    subtract,
)
from fastconv.layers.pooling1d import AveragePooling1D, MaxPooling1D
from fastconv.layers.pooling2d import (
    AveragePooling2D,
    LPPooling2D,
    MaxPooling2D,
    MinPooling2D,
)
from fastconv.layers.prelu import PReLU
from fastconv.layers.random_colors import RandomBrightness, RandomContrast
from fastconv.layers.random_crop import CenterCrop, RandomCrop
from fastconv.layers.random_erasing import RandomErasing
from fastconv.layers.random_flip import RandomFlip
from fastconv.layers.random_moves import RandomRotation, RandomTranslation, RandomZoom
from fastconv.layers.rescaling import Rescaling
from fastconv.layers.reshape import Permute, RepeatVector, Reshape
from fastconv.layers.resizing import Resizing
from fastconv.layers.separable_conv2d import SeparableConv2D
from fastconv.layers.spatial_dropout import SpatialDropout1D, SpatialDropout2D
from fastconv.layers.standardization import Normalization
from fastconv.layers.upsampling import UpSampling1D, UpSampling2D
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
"""The layers that a model's file may name."""

# Keras's second names.
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
