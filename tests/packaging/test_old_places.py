"""Keras's older import paths lead to the same objects."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import fastconv
from fastconv._old_paths import FILES, PATHS

PLACES = PATHS | FILES
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
assert keras.saving.load_model is load_model
assert keras.regularizers.l1_l2(l1=0.1, l2=0.2).l2 == 0.2
assert keras.initializers.he_normal is keras.initializers.HeNormal
assert "resnet18" in keras.models.zoo.NAMES

assert keras.utils.to_categorical is np_utils.to_categorical is to_categorical
assert keras.layers.Conv2D is keras.layers.convolutional.Conv2D is Convolution2D
assert keras.models.Sequential is keras.Sequential is Sequential
assert keras.datasets.mnist is mnist
from fastconv.utils import image_dataset_from_directory, PyDataset, Sequence
from fastconv.preprocessing import image_dataset_from_directory as same
assert same is image_dataset_from_directory
from fastconv.preprocessing.image import load_img, img_to_array
assert keras.preprocessing.image.load_img is keras.utils.load_img is load_img
from fastconv import backend as K
assert (K.image_data_format(), K.floatx(), K.epsilon()) == ("channels_last", "float32", 1e-7)
K.set_image_data_format("channels_last"), K.set_floatx("float32"), K.clear_session()
assert keras.losses.categorical_crossentropy.__name__ == "categorical_crossentropy"
assert keras.metrics.categorical_accuracy.__name__ == "categorical_accuracy"
assert keras.datasets.image_dataset_from_directory is image_dataset_from_directory
"""


def test_old_places():
    exec(compile(OLD_PLACES, "program", "exec"), {})


@pytest.mark.parametrize("path", PLACES)
def test_every_name_of_an_old_place(path):
    old = importlib.import_module(path)
    assert importlib.import_module(path) is old
    assert old.__all__
    for place, names in PLACES[path].items():
        new = importlib.import_module(place)
        for name in new.__all__ if names == ("*",) else names:
            assert getattr(old, name) is getattr(new, name)
            assert name in old.__all__
            assert name in dir(old)
    with pytest.raises(AttributeError, match=f"module '{path}' has no attribute 'Denze'"):
        old.Denze  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'Denze'"):
        exec(f"from {path} import Denze", {})


@pytest.mark.parametrize("path", PLACES)
def test_everything_from_an_old_place(path):
    found = {}
    exec(f"from {path} import *", found)
    assert set(importlib.import_module(path).__all__) == set(found) - {"__builtins__"}


def test_an_old_place_that_there_is_not():
    with pytest.raises(ModuleNotFoundError, match=r"fastconv\.preprocessing\.audio"):
        importlib.import_module("fastconv.preprocessing.audio")


def test_old_places_load_nothing_until_asked():
    code = (
        "import sys, fastconv.saving, fastconv.preprocessing.image; "
        "print([m for m in ('numpy', 'fastconv.layers', 'fastconv.models') if m in sys.modules]); "
        "fastconv.saving.load_model; print('fastconv.models' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=os.environ | {"PYTHONPATH": str(Path(fastconv.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.split() == ["[]", "True"], done.stderr


def test_a_format_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="data_format must be one of 'channels_last'; received"):
        fastconv.backend.set_image_data_format("channels_first")
    with pytest.raises(ValueError, match="dtype must be one of 'float32'; received 'float16'"):
        fastconv.backend.set_floatx("float16")
