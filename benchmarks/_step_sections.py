"""Sections of the report about whole steps: images per second, threads, memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

import _memory
import _peers
import bench_recipe
import bench_train_step
from _interleave import Contest
from _report import MISSING, Report, ratio
from _shapes import CLASSES, IMAGE, batch
from networks import measure
from networks.catalogue import NETWORKS
from networks.programs import OURS, PROGRAMS, TRAINING
from networks.results import Case, Results

import fastconv
from fastconv import recipes
from fastconv.kernels.peak import fma_peak
from fastconv.models import zoo

NETWORK = "table's network, batch 128"
NETWORKS_OF_REPORT = ("resnet18", "resnet50", "mobilenet_v2")
LAYOUTS = ("torch-nhwc", "torch-nchw")
STEP_TABLE = (
    "| training step | batch | images/s | PyTorch NHWC | PyTorch NCHW | ratio to the better |",
    "|---|---|---|---|---|---|",
)


def steps(report: Report) -> Iterator[str]:
    """Images per second of the table's network."""
    size = 8 if report.quick else bench_train_step.BATCH
    yield f"| {NETWORK} | images/s | share of FMA peak | better PyTorch layout | Keras |"
    yield "|---|---|---|---|---|"
    for training in (True, False):
        name = "training" if training else "inference"
        times = report.measure(bench_train_step.contest(training, size), report.rounds)
        flops = flops_of_an_image(training)
        share = statistics.median(
            1e-9 * flops * size / seconds / peak
            for seconds, peak in zip(times.seconds["fastconv"], times.peaks, strict=True)
        )
        peer = times.best_peer(_peers.TORCH)
        torch, keras = ratio(times, peer), ratio(times, _peers.KERAS)
        yield (
            f"| {name} | {times.rate():.0f} | {100 * share:.0f} % | "
            f"{_rate(times, peer)}{torch} | {_rate(times, _peers.KERAS)}{keras} |"
        )
        report.figures[f"{NETWORK}, {name}, images/s"] = f"{times.rate():.0f}"
        report.figures[f"{name} against the better PyTorch layout"] = f"{torch} ×"
        report.figures[f"{name} against Keras on TensorFlow"] = f"{keras} ×"
        if training:
            what = "training against 100 % of the FMA peak at direct-convolution FLOPs"
            report.figures[what] = f"{share:.2f} ×"


def networks(report: Report) -> Iterator[str]:
    """Training steps of some large networks beside PyTorch's, each program in its own process."""
    yield from STEP_TABLE
    peers = [name for name in LAYOUTS if not PROGRAMS[name].missing]
    size, seconds = (2, 0.005) if report.quick else (128, 1.0)
    plan = measure.Plan(
        NETWORKS_OF_REPORT, [size], [OURS, *peers], report.threads, [TRAINING],
        -(-report.rounds // 3), seconds,
    )  # fmt: skip
    results = Results({})
    for name in measure.run(plan, results, lambda text: None):
        (case,) = plan.cases(name)
        rates = [_rate_of(results, case, program) for program in (OURS, *LAYOUTS)]
        best = results.ratio(case)
        times_as_long = MISSING if best is None else f"{best:.2f}"
        title, batch_size = NETWORKS[name].title, case[2]
        yield f"| {title} | {batch_size} | {' | '.join(rates)} | {times_as_long} |"
        what = f"{title}, batch {batch_size}, training step against the better PyTorch layout"
        report.figures[what] = f"{times_as_long} ×"


def _rate_of(results: Results, case: Case, program: str) -> str:
    """Images per second, or why there are none."""
    measurement = results.measurement(case, program)
    seconds = measurement.seconds
    return measurement.failure or (MISSING if seconds is None else f"{case[2] / seconds:.1f}")


def recipe_steps(report: Report) -> Iterator[str]:
    """Steps of the recipes beside PyTorch's."""
    yield from STEP_TABLE
    for name in recipes.NAMES:
        size = 4 if report.quick else recipes.get(name).batch_size
        yield from _beside_pytorch(report, name, size, bench_recipe.contest(name, size))


def _beside_pytorch(report: Report, name: str, size: int, contest: Contest) -> Iterator[str]:
    """A row of STEP_TABLE, of few rounds, since a turn takes seconds."""
    peers = ("PyTorch NHWC", "PyTorch NCHW")
    times = report.measure(contest, -(-report.rounds // 3))
    rates = (f"{times.rate(peer):.1f}" if peer in times.seconds else MISSING for peer in peers)
    times_as_long = ratio(times, times.best_peer(_peers.TORCH))
    yield f"| {name} | {size} | {times.rate():.1f} | {' | '.join(rates)} | {times_as_long} |"
    what = f"{name}, batch {size}, training step against the better PyTorch layout"
    report.figures[what] = f"{times_as_long} ×"


def _rate(times, peer: str | None) -> str:
    return f"{times.rate(peer):.0f} images/s, ratio " if peer in times.seconds else ""


def flops_of_an_image(training: bool) -> float:
    """The operations of the direct method for one image."""
    model = zoo.build("cifar10", IMAGE, CLASSES)
    x, y = batch(1)
    signature = ((x.shape[1:], x.dtype.name),)
    if training:
        model.train_on_batch(x, y)
    lent = model.plans.training if training else model.plans.inference
    with lent(1, signature) as plan:
        return sum(cost.flops for cost in plan.costs())


def scaling(report: Report) -> Iterator[str]:
    """One thread compared with all."""
    if report.threads == 1:
        yield "- not measured: one thread"
        return
    seconds: dict[int, list[float]] = {1: [], report.threads: []}
    size = 8 if report.quick else bench_train_step.BATCH
    x, y = batch(size)
    model = zoo.build("cifar10", IMAGE, CLASSES, seed=21)
    for _ in range(report.rounds + 1):
        for n in seconds:
            fastconv.set_num_threads(n)
            model.train_on_batch(x, y)
            start = time.perf_counter()
            model.train_on_batch(x, y)
            seconds[n].append(time.perf_counter() - start)
    pairs = zip(seconds[1], seconds[report.threads], strict=True)
    gain = statistics.median(a / b for a, b in pairs)
    fastconv.set_num_threads(report.threads)
    peaks = [fma_peak(report.threads) / fma_peak(1) for _ in range(3)]
    what = f"training step, {report.threads} threads over one"
    yield f"- {what}: {gain:.2f} times as fast"
    yield (
        f"- the machine's FMA peak, {report.threads} threads over one: "
        f"{statistics.median(peaks):.2f}"
    )
    report.figures[what] = f"{gain:.2f} ×"


def memory(report: Report) -> Iterator[str]:
    """Memory of separate processes that train the table's network."""
    if not _memory.STATUS.exists():
        yield f"- not measured: this system has no {_memory.STATUS}"
        return
    count, steps = (500, 2) if report.quick else (50_000, 100)
    what = (
        "peak memory of a process that trains the table's network, batches of 128, "
        f"{count * 6 // 5:,} uint8 images ({count * 6 // 5 * 3072 / 1e6:.0f} MB) included"
    )
    peak = _in_a_process(report, "peak", count, steps)
    yield f"- {what}: {peak:.0f} MB"
    report.figures[what] = f"{peak:.0f} MB"
    # The last batch of an epoch is smaller than the others.
    count, epochs = (49, 3) if report.quick else (10_001, 9)
    counted = (epochs - 1) * -(-count // 16)
    what = f"memory growth over {counted:,} steps (batches of 16, a test after every epoch)"
    grown = _in_a_process(report, "growth", count, epochs)
    yield f"- {what}: {grown:.1f} MB"
    report.figures[what] = f"{grown:.1f} MB"


def _in_a_process(report: Report, *arguments: object) -> float:
    command = [sys.executable, _memory.__file__, *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(report.threads)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout)
