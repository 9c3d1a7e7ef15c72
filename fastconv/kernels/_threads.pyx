"""How many threads the kernels use.

By default the smaller of the CPU affinity and the container's quota. ``OMP_NUM_THREADS``,
``fastconv.set_num_threads`` and ``threadpoolctl`` all change it. In a forked child kernels run on
one thread, because the OpenMP runtime cannot start a team there.
"""

import os

cdef extern from *:
    """
    #ifdef _OPENMP
    #include <omp.h>
    #else
    static int omp_get_max_threads(void) { return 1; }
    static void omp_set_num_threads(int n) { (void)n; }
    static int omp_in_parallel(void) { return 0; }
    #endif
    """
    int omp_get_max_threads() noexcept nogil
    void omp_set_num_threads(int n) noexcept nogil
    int omp_in_parallel() noexcept nogil

# Work per thread below which waking another thread costs more than it saves (about 20 microseconds
# of arithmetic).
cdef double WORK_PER_THREAD = 2e5

# OpenMP takes any number from its environment, and ends the process when the system refuses a thread.
cdef int MOST = min(1024, max(64, 4 * (os.cpu_count() or 1)))

cdef int _limit = 0  # 0: whatever OpenMP says
cdef bint _forked = False


cdef int current() noexcept nogil:
    cdef int n = omp_get_max_threads()
    if _forked or omp_in_parallel():
        return 1
    if _limit == 0 and n > MOST:
        n = MOST
    if 0 < _limit < n:
        n = _limit
    return n


cdef int threads_for(double work) noexcept nogil:
    cdef int n = current()
    cdef double useful = work / WORK_PER_THREAD
    if useful < n:
        n = <int> useful
    return n if n > 1 else 1


def _quota():
    """CPUs that the container may use, or a large number (cgroup v2, then v1)."""
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:
            quota, period = file.read().split()
        if quota != "max":
            return max(1, int(float(quota) / float(period) + 0.5))
    except (OSError, ValueError):
        pass
    try:
        with open("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") as file:
            quota = int(file.read())
        with open("/sys/fs/cgroup/cpu/cpu.cfs_period_us") as file:
            period = int(file.read())
        if quota > 0 and period > 0:
            return max(1, int(quota / period + 0.5))
    except (OSError, ValueError):
        pass
    return 1 << 20


def available_cpus():
    """The smaller of the CPU affinity and the container's quota."""
    if hasattr(os, "sched_getaffinity"):
        cpus = len(os.sched_getaffinity(0))
    else:
        cpus = os.cpu_count() or 1
    return min(cpus, _quota())


def get_num_threads():
    """Threads that a large kernel would use if called now, from this thread."""
    return current()


def set_num_threads(n):
    """Use at most `n` threads in kernels from now on; `n` may exceed the number of CPUs.

    Raises
    ------
    TypeError, ValueError
        If `n` is not a positive whole number.
    """
    global _limit
    if isinstance(n, bool) or not hasattr(n, "__index__"):
        raise TypeError(f"set_num_threads: n must be a whole number; received {n!r}")
    n = n.__index__()
    if not 1 <= n <= 1024:
        raise ValueError(f"set_num_threads: n must be from 1 to 1024; received {n}")
    _limit = n
    omp_set_num_threads(n)


def set_work_per_thread(double work):
    """Set the multiply-adds per thread (about) below which no other is woken; return the old value.

    Tests lower it, so that even the smallest arrays are processed by several threads.
    """
    global WORK_PER_THREAD
    before = WORK_PER_THREAD
    WORK_PER_THREAD = work
    return before


def has_openmp():
    """Whether the kernels were built with OpenMP."""
    cdef bint built
    with nogil:
        built = openmp_built()
    return built


cdef extern from *:
    """
    #ifdef _OPENMP
    static int openmp_built(void) { return 1; }
    #else
    static int openmp_built(void) { return 0; }
    #endif
    """
    int openmp_built() noexcept nogil


def _after_fork_in_child():
    global _forked
    _forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)

if not os.environ.get("OMP_NUM_THREADS"):
    _limit = available_cpus()
