"""The measured networks: what they are, and that all libraries compute the same."""

import math

import numpy as np
import pytest

from fastconv.models import zoo

NAMES = (
    "cifar10_table", "six_convolutions", "strided_silu", "classic_5x5", "mlp", "lenet5",
    "all_convolutional", "vgg16", "resnet18", "resnet50", "mobilenet_v2", "densenet", "inception",
    "unet", "auto_encoder", "series", "large_kernels",
)  # fmt: skip
TRAINED = (
    "strided_silu", "classic_5x5", "lenet5", "densenet", "unet", "auto_encoder", "series",
    "large_kernels",
)  # fmt: skip
"""Small, and without dropout, which every library draws for itself."""


def graph(name):
    from networks.catalogue import NETWORKS
    from networks.description import graph_of

    return graph_of(NETWORKS[name])


def test_every_network_is_tested():
    from networks.catalogue import NETWORKS

    assert set(NETWORKS) == set(NAMES)


@pytest.mark.parametrize(
    ("name", "of_the_zoo"),
    [
        ("cifar10_table", "cifar10"),
        ("lenet5", "lenet5"),
        ("resnet18", "cifar_resnet18"),
        pytest.param("resnet50", "resnet50", marks=pytest.mark.slow),
        ("mobilenet_v2", "cifar_mobilenet_v2"),
        pytest.param("vgg16", "vgg16", marks=pytest.mark.slow),
    ],
)
def test_networks_of_the_zoo_have_its_parameters(name, of_the_zoo):
    found = graph(name)
    network = found.network
    model = zoo.build(of_the_zoo, network.shape, found.nodes[-1].shape[0])
    assert found.parameters == sum(math.prod(p.shape) for p in model.parameters)


def test_tasks():
    from networks.description import samples

    x, y = samples(graph("unet"), 2)
    assert x.shape == (2, 64, 64, 3)
    assert y.shape == (2, 64, 64)
    assert y.max() == 1
    x, y = samples(graph("auto_encoder"), 2)
    assert y is x
    assert graph("auto_encoder").nodes[-1].shape == x.shape[1:]


def test_a_graph_knows_what_was_flattened():
    from networks.description import Dense

    def before_dense(name):
        return [node.flattened for node in graph(name).nodes if isinstance(node.layer, Dense)]

    assert before_dense("classic_5x5") == [(4, 4, 64), None]
    assert before_dense("cifar10_table") == [(4, 4, 128), None]
    assert before_dense("resnet18") == [None]


@pytest.mark.peers
@pytest.mark.parametrize("library", ["torch-nchw", "torch-nhwc", "keras", "onnxruntime"])
@pytest.mark.parametrize("name", NAMES)
def test_libraries_agree(name, library):
    """On the outputs and, without dropout, on the loss before and after a step of training."""
    from networks.description import samples
    from networks.functional import in_fastconv, on_any_backend
    from networks.programs import PROGRAMS, TRAINING

    program = PROGRAMS[library]
    if library == "keras":
        pytest.importorskip("keras", reason="needs the extra [peers]")
    elif program.missing:
        pytest.skip("needs the extra [peers]")
    found = graph(name)
    x, y = samples(found, 2)
    ours = in_fastconv(found, 1)
    theirs = on_any_backend(found) if library == "keras" else program.make(found, 1)
    outputs = ours.outputs(x)
    np.testing.assert_allclose(theirs.outputs(x), outputs, atol=2e-5 * np.abs(outputs).max())
    if name in TRAINED and TRAINING in program.modes:
        first, second = losses(ours.training(x, y))
        assert first != second
        tolerance = 0.01 * abs(first - second)
        np.testing.assert_allclose(
            losses(theirs.training(x, y)), [first, second], rtol=0, atol=tolerance
        )


def losses(step):
    """Of two steps."""
    return [float(np.ravel(step())[0]) for _ in range(2)]
