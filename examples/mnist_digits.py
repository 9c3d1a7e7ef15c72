"""Handwritten digits, as in a Keras tutorial: above 98 % in ten epochs.

Only the import lines differ from a program for Keras.
"""

from fastconv.datasets import mnist
from fastconv.layers import Conv2D, Dense, Flatten, MaxPooling2D
from fastconv.models import Sequential
from fastconv.optimizers import SGD
from fastconv.utils import to_categorical


def load_dataset():
    """Digits as 28×28×1 images, labels as one-hot rows."""
    (train_x, train_y), (test_x, test_y) = mnist.load_data()
    train_x = train_x.reshape((train_x.shape[0], 28, 28, 1))
    test_x = test_x.reshape((test_x.shape[0], 28, 28, 1))
    return train_x, to_categorical(train_y, 10), test_x, to_categorical(test_y, 10)


def scale_pixels(train, test):
    """uint8 pixels to floats from 0 to 1."""
    return train.astype("float32") / 255.0, test.astype("float32") / 255.0


def define_model():
    """A convolution, a pooling, two dense layers."""
    model = Sequential()
    model.add(
        Conv2D(
            32,
            (3, 3),
            activation="relu",
            kernel_initializer="he_uniform",
            input_shape=(28, 28, 1),
        )
    )
    model.add(MaxPooling2D((2, 2)))
    model.add(Flatten())
    model.add(Dense(100, activation="relu", kernel_initializer="he_uniform"))
    model.add(Dense(10, activation="softmax"))
    model.compile(
        optimizer=SGD(lr=0.01, momentum=0.9),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


train_x, train_y, test_x, test_y = load_dataset()
train_x, test_x = scale_pixels(train_x, test_x)
model = define_model()
model.fit(train_x, train_y, epochs=10, batch_size=128, validation_data=(test_x, test_y), verbose=2)
_, accuracy = model.evaluate(test_x, test_y, verbose=0)
print(f"> {accuracy * 100.0:.3f}")
