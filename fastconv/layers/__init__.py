"""Layers, with Keras's names and arguments."""

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
from fastconv.layers.base import Layer
from fastconv.layers.batch_normalization import BatchNormalization
from fastconv.layers.conv2d import Conv2D
from fastconv.layers.dense import Dense
from fastconv.layers.dropout import Dropout
from fastconv.layers.flatten import Flatten
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
from fastconv.layers.pooling2d import AveragePooling2D, MaxPooling2D
from fastconv.layers.prelu import PReLU
from fastconv.layers.rescaling import Rescaling

__all__ = [
    "ELU",
    "GELU",
    "Activation",
    "Add",
    "Average",
    "AveragePooling2D",
    "BatchNormalization",
    "Concatenate",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GroupNormalization",
    "Input",
    "InputLayer",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "MaxPooling2D",
    "Maximum",
    "Minimum",
    "Multiply",
    "PReLU",
    "ReLU",
    "Rescaling",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Subtract",
    "Tanh",
    "add",
    "average",
    "concatenate",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]

CLASSES = tuple(name for name in __all__ if isinstance(globals()[name], type))
"""The layers that a model's file may name."""

# Keras's second names.
AvgPool2D = AveragePooling2D
Convolution2D = Conv2D
MaxPool2D = MaxPooling2D
__all__ += ["AvgPool2D", "Convolution2D", "MaxPool2D"]
