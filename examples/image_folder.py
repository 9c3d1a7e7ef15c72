"""A classifier for your own images.

    python examples/image_folder.py [FOLDER_OR_ZIP [EPOCHS]]

FOLDER_OR_ZIP holds one folder of images for each class; without it, images are drawn. The best
model is kept in ``image_folder.safetensors``.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from fastconv import Input, Sequential
from fastconv.callbacks import EarlyStopping, ModelCheckpoint
from fastconv.datasets import image_dataset_from_directory, shapes
from fastconv.layers import BatchNormalization, Conv2D, Dense, Flatten, MaxPooling2D, Rescaling
from fastconv.metrics import confusion_matrix
from fastconv.models import load_model

SIZE = (32, 32)
FILE = "image_folder.safetensors"


def draw_some(folder, classes=("circle", "cross", "star", "triangle")):
    """Write drawn shapes as PNG files, one folder for each class."""
    (images, labels), _ = shapes.load_data(2000, 0)
    for k, (image, label) in enumerate(zip(images, labels, strict=True)):
        if shapes.CLASSES[label] in classes:
            place = Path(folder, shapes.CLASSES[label])
            place.mkdir(exist_ok=True)
            Image.fromarray(image).save(place / f"{k}.png")


def network(classes):
    """Three blocks of convolution, normalization and pooling, and a dense layer."""
    model = Sequential([Input((*SIZE, 3)), Rescaling(1 / 255)], seed=21)
    for filters in (16, 32, 64):
        model.add(Conv2D(filters, 3, padding="same", use_bias=False))
        model.add(BatchNormalization())
        model.add(MaxPooling2D(2))
    model.add(Flatten())
    model.add(Dense(classes, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    return model


def main(source, epochs):
    training, validation = image_dataset_from_directory(
        source, image_size=SIZE, validation_split=0.25, subset="both", seed=21
    )
    names = training.class_names
    print(f"{len(training.images)} images to train on, {len(validation.images)} to judge by")

    model = network(len(names))
    model.fit(
        training,
        epochs=epochs,
        validation_data=validation,
        callbacks=[
            ModelCheckpoint(FILE, monitor="val_accuracy", save_best_only=True),
            EarlyStopping(monitor="val_accuracy", patience=5),
        ],
    )

    best = load_model(FILE)
    guesses = best.predict(validation).argmax(axis=1)
    table = confusion_matrix(validation.labels, guesses, len(names))
    print("rows: what it is; columns: what it is taken for")
    for name, row in zip(names, table, strict=True):
        print(f"{name:>12} {' '.join(f'{int(n):4}' for n in row)}")
    return float(np.mean(guesses == validation.labels))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        accuracy = main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20)
    else:
        with tempfile.TemporaryDirectory() as folder:
            draw_some(folder)
            accuracy = main(folder, 8)
    print(f"{accuracy:.1%} of the images held out are named correctly; the model is in {FILE}")
