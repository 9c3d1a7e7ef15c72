"""What kernels do to the process around them: forks, threads, rounding modes, forced levels."""

import os
import sys
import threading

import numpy as np
import pytest
from kernel_checks import TINY, assert_same_bits, counting, normal, on_every_isa, run_python
from threadpoolctl import threadpool_info, threadpool_limits

from fastconv import ops
from fastconv.kernels import _isa, _threads
from fastconv.kernels.images.adjust import channel_means

FORK = """
import os, sys, numpy as np
import fastconv
from fastconv import ops
from fastconv.kernels import _threads
fastconv.set_num_threads(3)
_threads.set_work_per_thread(1)
x, w = np.ones((4, 16, 16, 8), np.float32), np.ones((3, 3, 8, 16), np.float32)
def work():
    y = ops.conv2d(x, w, padding="same")
    ops.conv2d_backward(y, x, w, padding="same")
    ops.max_pool2d(y, 2)
    return ops.gemm(y.reshape(-1, 16), y.reshape(-1, 16), trans_a=True)
before = work()
child = os.fork()
if child == 0:
    os._exit(0 if np.array_equal(work(), before) else 7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(np.array_equal(work(), before))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_computes_instead_of_hanging():
    done = run_python("-c", FORK)
    assert done.stdout.split() == ["0", "True"], done.stderr


@pytest.mark.skipif(not _threads.has_openmp(), reason="built without OpenMP")
def test_threadpoolctl_finds_and_limits_the_kernels_threads():
    before = _threads.get_num_threads()
    try:
        _threads.set_num_threads(3)
        assert "openmp" in {pool["user_api"] for pool in threadpool_info()}
        for limits in ({"limits": 1}, {"limits": 2, "user_api": "openmp"}):
            with threadpool_limits(**limits):
                assert _threads.get_num_threads() == limits["limits"]
            assert _threads.get_num_threads() == 3
        with threadpool_limits(1, user_api="blas"):
            assert _threads.get_num_threads() == 3
    finally:
        _threads.set_num_threads(before)


MANY_THREADS = """
import hashlib, numpy as np
import fastconv
from fastconv import ops
from fastconv.kernels import _threads
_threads.set_work_per_thread(1e-9)
rng = np.random.default_rng(1)
x, w = (rng.normal(size=shape).astype("f4") for shape in ((2, 16, 16, 16), (3, 3, 16, 16)))
results = []
for algo in ("direct", "winograd"):
    y = ops.conv2d(x, w, padding="same", algo=algo)
    results += [y, *ops.conv2d_backward(y, x, w, padding="same", algo=algo)]
bits = hashlib.sha256(b"".join(r.tobytes() for r in results)).hexdigest()
print(fastconv.get_num_threads(), bits)
"""


def test_a_million_threads_are_not_asked_for():
    asked = [run_python("-c", MANY_THREADS, OMP_NUM_THREADS=n) for n in ("1", "1000000")]
    assert not any(done.returncode for done in asked), asked[1].stderr
    (one, bits), (many, same_bits) = (done.stdout.split() for done in asked)
    assert (int(one), bits) == (1, same_bits)
    assert int(many) == min(1024, max(64, 4 * os.cpu_count()))


@pytest.mark.parametrize("level", _isa.available())
def test_an_environment_variable_forces_the_level(level):
    done = run_python(
        "-c", "from fastconv.kernels import _isa; print(_isa.active())", FASTCONV_ISA=level
    )
    assert done.stdout.strip() == level, done.stderr


def test_an_unknown_level_is_named_at_import():
    done = run_python("-c", "import fastconv.kernels._isa", FASTCONV_ISA="avx1024")
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert "FASTCONV_ISA" in last
    assert "'avx1024'" in last
    assert "portable" in last


def test_two_python_threads_compute_at_once():
    x, w = normal((2, 20, 20, 16), 1), normal((3, 3, 16, 32), 2)
    a, b = normal((150, 160), 3), normal((160, 170), 4)
    calls = [
        lambda: ops.conv2d(x, w, padding="same"),
        lambda: ops.gemm(a, b),
        lambda: ops.max_pool2d(x, 2),
        lambda: ops.softmax(a),
    ]
    expected = [call() for call in calls]
    wrong = []

    def work(call, wanted):
        for _ in range(30):
            if call().tobytes() != wanted.tobytes():
                wrong.append(call)

    workers = [
        threading.Thread(target=work, args=pair)
        for pair in [*zip(calls, expected, strict=True)] * 2
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


LARGE = np.ones((1 << 22,), np.float32)
RELEASING = {
    "gemm": lambda: ops.gemm(LARGE.reshape(2048, 2048), LARGE.reshape(2048, 2048)),
    "conv2d": lambda: ops.conv2d(LARGE.reshape(16, 64, 64, 64), np.ones((5, 5, 64, 64))),
    "max_pool2d": lambda: ops.max_pool2d(LARGE.reshape(16, 64, 64, 64), 5, 1),
    "softmax": lambda: ops.softmax(LARGE.reshape(-1, 64)),
    "dropout": lambda: ops.dropout(LARGE, 0.5, seed=1),
}


@pytest.mark.parametrize("name", RELEASING)
def test_other_python_threads_run_while_a_kernel_does(name):
    """A thread that waits for the interpreter gets it before the kernel is finished.

    With so long a switch interval no thread is interrupted: the lock changes hands only where it is
    released. The machine may be too busy to wake the waiting thread in time, so it has many tries.
    """
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    try:
        for _ in range(50):
            started, finished = threading.Event(), []

            def work(started=started, finished=finished):
                started.set()
                RELEASING[name]()
                finished.append(True)

            worker = threading.Thread(target=work)
            worker.start()
            started.wait()
            early = not finished
            worker.join()
            if early:
                return
    finally:
        sys.setswitchinterval(interval)
    pytest.fail(f"{name} kept the interpreter to itself")


def means(x):
    of_channels = np.full((1, 16), np.nan, np.float32)
    channel_means(x.reshape(1, 16, 16), of_channels)
    return of_channels


DENORMAL = np.float32(1e-40)
CALLS = {
    "gemm": lambda x: ops.gemm(x.reshape(16, 16), np.eye(16)),
    "conv2d": lambda x: ops.conv2d(x.reshape(1, 4, 4, 16), np.eye(16).reshape(1, 1, 16, 16)),
    "avg_pool2d": lambda x: ops.avg_pool2d(x.reshape(1, 4, 4, 16), 2),
    "affine": lambda x: ops.affine(x, 1),
    "bias_grad": lambda x: ops.bias_grad(x.reshape(16, 16)),
    "contrast": lambda x: ops.contrast(x.reshape(1, 4, 4, 16), 0.5),
    "channel_means": means,
}


@pytest.mark.parametrize("name", CALLS)
def test_denormals_are_flushed_inside_and_only_there(name):
    x = np.full(256, DENORMAL)
    for _, y in on_every_isa(lambda: CALLS[name](x)):
        np.testing.assert_array_equal(y, np.zeros_like(y))
        assert np.float32(1e-30) * np.float32(1e-10) > 0  # in this thread, afterwards
        assert DENORMAL + DENORMAL > DENORMAL


@pytest.mark.parametrize("algo", ["direct", "winograd"])
@pytest.mark.parametrize("channels", [16, 160])  # Winograd's algorithm by blocks and by slices
def test_no_gradient_of_the_weights_is_denormal(algo, channels):
    shape = (2, 8, 8, channels)
    x, dy, w = (1e-20 * normal(shape, 1), 1e-20 * normal(shape, 2),
                np.ones((3, 3, channels, channels)))  # fmt: skip
    for _, dw in on_every_isa(lambda: ops.conv2d_backward(dy, x, w, padding="same", algo=algo)[1]):
        assert not ((dw != 0) & (abs(dw) < TINY)).any()


@pytest.mark.parametrize("algo", ["direct", "winograd"])
def test_levels_agree_to_five_digits(algo):
    x, w = normal((2, 9, 9, 20), 1), normal((3, 3, 20, 30), 2)
    results = [y for _, y in on_every_isa(lambda: ops.conv2d(x, w, algo=algo))]
    for other in results[1:]:
        assert np.linalg.norm(other - results[0]) <= 1e-5 * np.linalg.norm(results[0])


def test_the_same_call_gives_the_same_bits():
    x, w = normal((3, 17, 19, 21), 1), normal((3, 3, 21, 23), 2)
    dy = counting((3, 15, 17, 23), 7)
    first = ops.conv2d(x, w), *ops.conv2d_backward(dy, x, w)
    for _ in range(5):
        assert_same_bits((ops.conv2d(x, w), *ops.conv2d_backward(dy, x, w)), first)
