"""Which label belongs to which image of a folder without classes: as in Keras."""

import numpy as np
import pytest
from data_files import encoded, pixels, write_tree

from fastconv.datasets import image_dataset_from_directory

pytestmark = pytest.mark.peers


def test_the_same_order(tmp_path):
    keras = pytest.importorskip("keras", reason="needs the extra [peers]")
    pytest.importorskip("tensorflow", reason="Keras reads folders by TensorFlow")
    names = ("b.png", "B.png", "a-b/2.png", "a/10.png", "a/2.png", "a/z/9.png", "z.png", "Z/1.png")
    tree = {name: encoded(pixels(4, 5, start=s)) for s, name in enumerate(names)}
    path = write_tree(tmp_path / "flat", tree)
    numbers = [*range(len(names))]
    ours = image_dataset_from_directory(path, numbers, image_size=(4, 5), shuffle=False)
    theirs = keras.utils.image_dataset_from_directory(
        str(path), numbers, image_size=(4, 5), shuffle=False, verbose=False
    )
    ((images, labels),) = theirs
    np.testing.assert_array_equal(ours.images, images.numpy())
    np.testing.assert_array_equal(ours.labels, labels.numpy())
