"""Import fastconv and others in a given order and let them compute in turns and at once.

A program for test_side_by_side.py: ``python side_by_side.py torch,fastconv`` prints the digest of
everything that fastconv computed, once for each time that it did.
"""

import hashlib
import importlib
import sys
import threading

import numpy as np

for module in sys.argv[1].split(","):
    importlib.import_module(module)

import fastconv  # noqa: E402
from fastconv import Input, Sequential, ops  # noqa: E402
from fastconv.kernels import _threads  # noqa: E402
from fastconv.layers import BatchNormalization, Conv2D, Dense, Flatten  # noqa: E402

rng = np.random.default_rng(0)
X, W = (rng.normal(size=s).astype(np.float32) for s in ((4, 16, 16, 16), (3, 3, 16, 16)))
A = rng.normal(size=(400, 300)).astype(np.float32)


def in_fastconv() -> str:
    """The digest of convolutions by both algorithms, and of what a short training gives."""
    results = []
    for algo in ("direct", "winograd"):
        y = ops.conv2d(X, W, padding="same", algo=algo)
        results += [y, *ops.conv2d_backward(y, X, W, padding="same", algo=algo)]
    network = [Input((16, 16, 16)), Conv2D(8, 3), BatchNormalization(), Flatten(), Dense(3)]
    model = Sequential(network, seed=1)
    model.compile("adam", "mse")
    model.fit(X, np.ones((4, 3)), batch_size=2, epochs=2, verbose=0)
    results += [*model.get_weights(), model.predict(X, verbose=0)]
    return hashlib.sha256(b"".join(r.tobytes() for r in results)).hexdigest()


def in_torch() -> None:
    """A product and a convolution with its gradient."""
    import torch

    torch.set_num_threads(2)
    a = torch.from_numpy(A)
    np.testing.assert_allclose((a.T @ a).numpy(), A.T @ A, rtol=1e-4, atol=1e-2)
    x = torch.from_numpy(X).permute(0, 3, 1, 2).requires_grad_()
    w = torch.from_numpy(W).permute(3, 2, 0, 1)
    y = torch.nn.functional.conv2d(x, w, padding=1)
    y.sum().backward()
    ours = ops.conv2d(X, W, padding="same").transpose(0, 3, 1, 2)
    np.testing.assert_allclose(y.detach().numpy(), ours, rtol=1e-4, atol=1e-3)


def in_sklearn() -> None:
    """Clusters and trees: both use scikit-learn's own OpenMP."""
    from sklearn.cluster import KMeans
    from sklearn.ensemble import HistGradientBoostingRegressor

    assert KMeans(3, n_init=1, random_state=0).fit(A).cluster_centers_.shape == (3, 300)
    trees = HistGradientBoostingRegressor(max_iter=3).fit(A, A[:, 0])
    assert np.corrcoef(trees.predict(A), A[:, 0])[0, 1] > 0.9


def in_tensorflow() -> None:
    """A convolution."""
    import tensorflow

    y = tensorflow.nn.conv2d(X, W, 1, "SAME").numpy()
    np.testing.assert_allclose(y, ops.conv2d(X, W, padding="same"), rtol=1e-4, atol=1e-3)


def main(names: list[str]) -> None:
    """Turns first; then fastconv in one thread and the others in a second one."""
    fastconv.set_num_threads(2)
    _threads.set_work_per_thread(1.0)
    others = [globals()[f"in_{name}"] for name in names if name != "fastconv"]
    print(in_fastconv())
    for other in others:
        other()
        fastconv.set_num_threads(2)
        print(in_fastconv())
    failed = []

    def beside() -> None:
        try:
            for other in others:
                other()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=beside)
    thread.start()
    while thread.is_alive():
        print(in_fastconv())
    thread.join()
    if failed:
        raise failed[0]
    print(in_fastconv())


if __name__ == "__main__":
    main(sys.argv[1].split(","))
