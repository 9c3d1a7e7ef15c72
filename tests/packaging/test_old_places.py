"""Keras's older import paths lead to the same things."""

OLD_PLACES = """
from fastconv.models import Sequential, Model, load_model
from fastconv.layers import Convolution2D, MaxPool2D, AvgPool2D
from fastconv.layers.convolutional import Conv2D
from fastconv.layers.core import Activation, Dense, Dropout, Flatten
from fastconv.layers.merge import Add, add, concatenate
from fastconv.layers.pooling import MaxPooling2D
from fastconv.layers.advanced_activations import ReLU
from fastconv.layers.normalization import Layer
from fastconv.optimizers import SGD, Adam
from fastconv.utils import np_utils, to_categorical
from fastconv.datasets import cifar10, mnist
import fastconv as keras

assert keras.utils.to_categorical is np_utils.to_categorical is to_categorical
assert keras.layers.Conv2D is keras.layers.convolutional.Conv2D is Convolution2D
assert keras.models.Sequential is keras.Sequential is Sequential
assert keras.datasets.mnist is mnist
from fastconv.utils import image_dataset_from_directory
assert keras.datasets.image_dataset_from_directory is image_dataset_from_directory
"""


def test_old_places():
    exec(compile(OLD_PLACES, "program", "exec"), {})
