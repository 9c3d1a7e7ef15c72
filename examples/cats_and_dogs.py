"""Cats and dogs, as in a Keras tutorial: images from two folders, one convolution.

    python examples/cats_and_dogs.py FOLDER [IMAGES_OF_EACH]

FOLDER holds the folders ``cat`` and ``dog``. Only the import lines differ from a program for Keras.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from fastconv.layers.convolutional import Conv2D, MaxPooling2D
from fastconv.layers.core import Dense, Flatten
from fastconv.models import Sequential
from fastconv.optimizers import Adam
from fastconv.utils.np_utils import to_categorical

SIZE = (300, 300)
CLASSES = ("cat", "dog")

folder = Path(sys.argv[1])
limit = int(sys.argv[2]) if len(sys.argv) > 2 else 150

images, labels = [], []
for label, name in enumerate(CLASSES):
    for path in sorted((folder / name).iterdir())[:limit]:
        with Image.open(path) as image:
            images.append(np.array(image.convert("RGB").resize(SIZE)))
        labels.append(label)
order = np.random.default_rng(0).permutation(len(images))
images = np.array(images, dtype="float32")[order] / 255
labels = to_categorical(np.array(labels)[order], num_classes=2)

model = Sequential()
model.add(
    Conv2D(
        32,
        kernel_size=(5, 5),
        padding="valid",
        activation="relu",
        data_format="channels_last",
        input_shape=(*SIZE, 3),
    )
)
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Flatten())
model.add(Dense(2, activation="softmax"))
model.compile(loss="categorical_crossentropy", optimizer=Adam(lr=1e-4), metrics=["accuracy"])
history = model.fit(images, labels, batch_size=16, epochs=5, validation_split=0.3, verbose=2)
print(f"> {history.history['val_accuracy'][-1]:.3f}")
