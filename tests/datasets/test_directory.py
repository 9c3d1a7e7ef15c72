"""`image_dataset_from_directory`: Keras's arguments."""

import numpy as np
import pytest
from data_files import pixels, two_classes, write_tree

from fastconv.datasets import image_dataset_from_directory
from fastconv.datasets._split import stratified_split


@pytest.fixture
def pets(tmp_path):
    return write_tree(tmp_path / "pets", two_classes(each=10))


def starts(images):
    """Which images these are: `two_classes` gives image `i` of class `k` the start 10 k + i."""
    known = {pixels(6, 5, start=s).tobytes(): s for s in range(20)}
    return [known[image.tobytes()] for image in images]


def test_default_mixes_the_classes(pets):
    images, labels, class_names = image_dataset_from_directory(pets)
    assert class_names == ("cat", "dog")
    assert labels.tolist() == [s // 10 for s in starts(images)]
    assert sorted(starts(images)) == list(range(20))
    assert starts(images) != list(range(20))
    again = image_dataset_from_directory(pets)
    np.testing.assert_array_equal(images, again.images)
    other = image_dataset_from_directory(pets, seed=1)
    assert starts(other.images) != starts(images)


def test_in_order(pets):
    images, labels, _ = image_dataset_from_directory(pets, shuffle=False)
    assert starts(images) == list(range(20))
    assert labels.tolist() == [0] * 10 + [1] * 10


def test_label_modes(pets):
    _, hot, _ = image_dataset_from_directory(pets, label_mode="categorical", shuffle=False)
    assert hot.dtype == np.float32
    np.testing.assert_array_equal(hot, np.eye(2)[[0] * 10 + [1] * 10])
    assert image_dataset_from_directory(pets, label_mode=None).labels is None


def test_own_order_of_classes(pets):
    _, labels, names = image_dataset_from_directory(pets, class_names=["dog", "cat"], shuffle=False)
    assert names == ("dog", "cat")
    assert labels.tolist() == [1] * 10 + [0] * 10


def test_split(pets):
    training, validation = image_dataset_from_directory(pets, validation_split=0.3, subset="both")
    assert np.bincount(training.labels).tolist() == [7, 7]
    assert np.bincount(validation.labels).tolist() == [3, 3]
    assert sorted(starts(training.images) + starts(validation.images)) == list(range(20))
    alone = image_dataset_from_directory(pets, validation_split=0.3, subset="validation")
    np.testing.assert_array_equal(alone.images, validation.images)
    alone = image_dataset_from_directory(pets, validation_split=0.3, subset="training")
    np.testing.assert_array_equal(alone.images, training.images)


def test_given_parts(tmp_path):
    tree = {f"train/{name}": content for name, content in two_classes(each=2).items()}
    tree |= {f"test/{name}": content for name, content in two_classes(each=1).items()}
    path = write_tree(tmp_path / "pets", tree)
    training, test = image_dataset_from_directory(path, subset="both", shuffle=False)
    assert starts(training.images) == [0, 1, 10, 11]
    assert starts(test.images) == [0, 10]
    with pytest.raises(ValueError, match="has a training and a test part; choose one"):
        image_dataset_from_directory(path)
    with pytest.raises(ValueError, match=r"validation_split=0\.5"):
        image_dataset_from_directory(path, subset="both", validation_split=0.5)


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({"label_mode": "binary"}, "label_mode must be one of .*received 'binary'"),
        ({"subset": "test"}, "subset must be one of .*received 'test'"),
        ({"validation_split": 1.0}, r"validation_split must be between 0 and 1; received 1\.0"),
        ({"validation_split": 0}, "validation_split must be between 0 and 1; received 0"),
        ({"validation_split": 0.5}, "must be given together"),
        ({"subset": "training"}, "must be given together"),
        ({"class_names": ["cat"]}, "class_names must be the folders' names cat, dog; received cat"),
        ({"class_names": ["cat", "cat"]}, "class_names must be the folders' names"),
    ],
)
def test_wrong_arguments(pets, arguments, rule):
    with pytest.raises(ValueError, match=f"image_dataset_from_directory: .*{rule}"):
        image_dataset_from_directory(pets, **arguments)


@pytest.mark.parametrize(
    ("counts", "fraction", "held"),
    [([10, 20], 0.1, [1, 2]), ([1, 2, 3], 0.5, [0, 1, 2]), ([100, 4], 0.01, [1, 1])],
)
def test_stratified_split(counts, fraction, held):
    labels = np.repeat(np.arange(len(counts)), counts)
    labels = np.random.default_rng(0).permutation(labels)
    keep, out = stratified_split(labels, fraction, seed=4)
    assert np.bincount(labels[out], minlength=len(counts)).tolist() == held
    assert sorted([*keep, *out]) == list(range(len(labels)))
    again = stratified_split(labels, fraction, seed=4)
    np.testing.assert_array_equal(again[1], out)
