"""Activations and normalizations agree with Keras 3: outputs, gradients, moving statistics."""

import numpy as np
import pytest

from fastconv import layers

pytestmark = pytest.mark.peers

CASES = {
    "relu6": (lambda k: k.ReLU(max_value=6, negative_slope=0.1, threshold=0.5), (5, 7)),
    "leaky": (lambda k: k.LeakyReLU(), (5, 7)),
    "prelu": (lambda k: k.PReLU(alpha_initializer="ones", shared_axes=[1]), (4, 3)),
    "elu": (lambda k: k.ELU(0.7), (5, 7)),
    "softmax": (lambda k: k.Softmax(axis=1), (5, 7)),
    **{
        name: (lambda k, name=name: k.Activation(name), (5, 7))
        for name in ("relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "hard_silu",
                     "sigmoid", "hard_sigmoid", "tanh", "softplus", "softsign", "exponential")
    },
    "batch": (lambda k: k.BatchNormalization(momentum=0.7), (4, 5, 6)),
    "batch, first axis": (lambda k: k.BatchNormalization(axis=1, epsilon=1e-5), (4, 5, 6)),
    "batch, bare": (lambda k: k.BatchNormalization(center=False, scale=False), (6,)),
    "layer": (lambda k: k.LayerNormalization(), (4, 6)),
    "layer, two axes": (lambda k: k.LayerNormalization(axis=[2, 3]), (3, 4, 5)),
    "group": (lambda k: k.GroupNormalization(groups=3), (4, 5, 6)),
}  # fmt: skip


@pytest.fixture(scope="module")
def keras():
    keras = pytest.importorskip("keras", reason="needs the extra [peers]")
    if keras.backend.backend() != "torch":
        pytest.skip("gradients are asked of Keras's backend torch")
    return keras


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_outputs_gradients_and_statistics(keras, case, training):
    import torch

    torch.set_num_threads(1)
    maker, shape = CASES[case]
    ours, theirs = maker(layers), maker(keras.layers)
    rng = np.random.default_rng(7)
    x = rng.normal(0.3, 2, (6, *shape)).astype(np.float32)
    dy = rng.normal(size=(6, *shape)).astype(np.float32)
    ours.ensure_built(shape)
    theirs.build((None, *shape))
    weights = [rng.uniform(0.5, 1.5, p.shape).astype(np.float32) for p in ours.parameters]
    assert [w.shape for w in weights] == [tuple(w.shape) for w in theirs.weights]
    assert [p.name.split("/")[-1] for p in ours.parameters] == [w.name for w in theirs.weights]
    ours.set_weights(weights)
    theirs.set_weights(weights)

    tensor = torch.tensor(x, requires_grad=True)
    expected = theirs(tensor, training=training)
    expected.backward(torch.tensor(dy))
    y = ours(x, training=training)
    # a few hundred float32 roundings on either side
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=3e-5, atol=3e-5)
    if training or not ours.uses_training:
        dx = ours.backward(dy)
        np.testing.assert_allclose(dx, tensor.grad.numpy(), rtol=3e-5, atol=3e-5)
        for parameter, weight in zip(ours.parameters, theirs.weights, strict=True):
            if parameter.trainable:
                grad = weight.value.grad.numpy()
                np.testing.assert_allclose(parameter.grad, grad, rtol=3e-5, atol=3e-4)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_a_frozen_batch_normalization(keras):
    x = np.random.default_rng(1).normal(1, 2, (8, 5)).astype(np.float32)
    ours, theirs = layers.BatchNormalization(), keras.layers.BatchNormalization()
    for layer in (ours, theirs):
        layer(x, training=True)
        layer.trainable = False
    expected = theirs(x, training=True).detach().numpy()
    np.testing.assert_allclose(ours(x, training=True), expected, rtol=1e-5, atol=1e-5)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
