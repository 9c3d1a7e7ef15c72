"""The peers' networks are ours: with our weights they compute our probabilities."""

import numpy as np
import pytest

from fastconv.models import zoo

pytestmark = pytest.mark.peers

IMAGE, CLASSES = (17, 24, 3), 7


@pytest.fixture(params=[False, True], ids=["meant", "as-published"])
def as_published(request):
    return request.param


@pytest.fixture
def ours(as_published):
    return zoo.build("cifar10", IMAGE, CLASSES, seed=3, as_published=as_published)


@pytest.fixture
def x():
    return np.random.default_rng(5).integers(0, 256, (4, *IMAGE), dtype=np.uint8)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_pytorch(ours, x, as_published, layout):
    torch = pytest.importorskip("torch", reason="needs the extra [peers]")
    import _table_peers

    model = _table_peers.pytorch_network(IMAGE, CLASSES, layout, as_published).eval()
    _table_peers.set_pytorch_weights(model, ours.get_weights(), IMAGE)
    y = np.array([0, 3, 6, 1])
    with torch.inference_mode():
        sums = model(_table_peers.pytorch_images(x, layout))
        loss = _table_peers.pytorch_loss(sums, torch.from_numpy(y), as_published).item()
        probabilities = sums.softmax(1)
        if as_published:
            probabilities = probabilities.softmax(1)
    np.testing.assert_allclose(probabilities.numpy(), ours.predict(x), atol=1e-5)
    assert loss == pytest.approx(ours.test_on_batch(x, y)[0], rel=1e-4)


def test_keras(ours, x, as_published):
    import _peers
    import _table_peers

    pytest.importorskip(_peers.keras_backend(), reason="needs the extra [peers]")
    pytest.importorskip("keras", reason="needs the extra [peers]")
    _peers.prepare_keras(threads=1)
    model = _table_peers.keras_network(IMAGE, CLASSES, seed=3, as_published=as_published)
    model.set_weights(ours.get_weights())
    np.testing.assert_allclose(model.predict_on_batch(x), ours.predict(x), atol=1e-5)
