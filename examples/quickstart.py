"""Train a small network on drawn shapes, evaluate it, save it, and load it again."""

from fastconv import Input, Sequential
from fastconv.datasets import shapes
from fastconv.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D, Rescaling
from fastconv.models import load_model

(x_train, y_train), (x_test, y_test) = shapes.load_data()

model = Sequential(
    [
        Input((32, 32, 3)),
        Rescaling(1 / 255),
        Conv2D(32, 3, padding="same", activation="relu"),
        MaxPooling2D(2),
        Conv2D(64, 3, padding="same", activation="relu"),
        MaxPooling2D(2),
        Conv2D(128, 3, padding="same", activation="relu"),
        MaxPooling2D(2),
        Flatten(),
        Dropout(0.5),
        Dense(10, activation="softmax"),
    ],
    seed=21,
)
model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
model.summary()
model.fit(x_train, y_train, batch_size=32, epochs=5, validation_data=(x_test, y_test))

model.save("shapes.safetensors")
probabilities = load_model("shapes.safetensors").predict(x_test[:5])
for row, label in zip(probabilities, y_test[:5], strict=True):
    print(f"{shapes.CLASSES[label]:9} is taken for {shapes.CLASSES[row.argmax()]}")
