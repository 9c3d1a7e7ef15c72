"""What the convolution kernels take besides their arrays: in proportion to these, and named."""

from kernel_checks import run_python


def test_what_is_copied_is_in_proportion_to_the_maps():
    """Ten outputs of a convolution that sees 2**27 elements at a time, most of them zeros."""
    program = """
import re
import numpy as np
from fastconv import ops
peak = lambda: int(re.search("VmHWM:[^0-9]*([0-9]+)", open("/proc/self/status").read())[1])
x, w = np.ones((1, 6, 6, 4), "f4"), np.ones((2, 2, 4, 2), "f4")
before = peak()
for far in (2000, 2800, 4000, 9000):
    for call in (
        lambda how: ops.conv2d(x, w, **how),
        lambda how: ops.conv2d_backward(np.ones((1, 2, 2, 2), "f4"), x, w, **how),
    ):
        try:
            call({"strides": far, "padding": far, "dilation": far})
        except ValueError as error:
            assert "must span at most" in str(error), error
print((peak() - before) >> 10)
"""
    done = run_python("-c", program, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 2 * 256  # MiB: the copy, and from it a panel


def test_a_long_row_of_few_channels_takes_no_more_memory():
    """Backward to the data: a product of the whole row and all taps would take 62 MiB."""
    program = """
import re
import numpy as np
from fastconv import ops
peak = lambda: int(re.search("VmHWM:[^0-9]*([0-9]+)", open("/proc/self/status").read())[1])
x, w = np.zeros((1, 13, 12000, 8), "f4"), np.ones((13, 13, 8, 1), "f4")
dy = (np.arange(11988) % 5).astype("f4").reshape(1, 1, 11988, 1)
ops.conv2d_backward(dy[:, :, :2], x[:, :, :14], w)
before = peak()
dx, _, _ = ops.conv2d_backward(dy, x, w)
print((peak() - before) >> 10)
sums = np.convolve(dy[0, 0, :, 0], np.ones(13))
assert (dx == sums[:, None]).all()
"""
    done = run_python("-c", program, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 45  # MiB, of which dx takes 5


def test_weights_of_a_large_map_of_one_channel_take_a_part_of_it():
    """A panel of the whole map, six to fourteen floats a pixel, would take 96 MiB and more."""
    program = """
import re
import numpy as np
from fastconv import ops
peak = lambda: int(re.search("VmPeak:[^0-9]*([0-9]+)", open("/proc/self/status").read())[1])
x, w = np.ones((1, 2048, 2048, 1), "f4"), np.ones((1, 9, 1, 1), "f4")
dy = np.ones((1, 2048, 2040, 1), "f4")
before = peak()
_, dw, db = ops.conv2d_backward(dy, x, w)
print((peak() - before) >> 10)
assert (dw == 2048 * 2040).all() and (db == 2048 * 2040).all()
"""
    done = run_python("-c", program, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 64  # MiB, of which dx takes 16


def test_a_kernel_without_memory_names_the_operation():
    """Its sums of parts take 32 times the filters' gradient."""
    program = """
import re, resource
import numpy as np
from fastconv import ops
used = int(re.search("VmSize:[^0-9]*([0-9]+)", open("/proc/self/status").read())[1]) << 10
x, w = np.ones((1, 95, 127, 256), "f4"), np.ones((64, 64, 256, 1), "f4")
dy = np.ones((1, 32, 64, 256), "f4")
limit = used + (110 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for call in (
    lambda: ops.depthwise_conv2d_backward(dy, x, w),
    lambda: ops.conv2d_backward(dy, x, w.reshape(64, 64, 1, 256), groups=256),
):
    try:
        call()
    except MemoryError as error:
        print(error)
"""
    done = run_python("-c", program, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "depthwise_conv2d_backward: no memory for the partial sums",
        "conv2d_backward: no memory for the partial sums",
    ]
