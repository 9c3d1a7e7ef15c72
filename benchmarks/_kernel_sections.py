"""Sections of the report about single kernels: matrix products, convolutions, pooling, ..."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import _peers
import bench_conv2d
import bench_elementwise
import bench_gemm
import bench_pool
from _interleave import interleave
from _report import Report, mean, ratio
from _shapes import CONVOLUTIONS, DIRECT, GEMMS, POOLINGS

from fastconv.kernels.peak import fma_peak

NHWC = "PyTorch NHWC"
MEASURED_SQUARES = (512, 1024, 2048)


def gemms(report: Report) -> Iterator[str]:
    """Every matrix product with all threads, the square ones also with one thread."""
    peers = (_peers.NUMPY, _peers.TORCH, _peers.TENSORFLOW)
    yield f"| GEMM | threads | GFLOP/s | share of FMA peak | {' | '.join(peers)} |"
    yield "|---|---|---|---|---|---|---|"
    shares: dict[str, float] = {}
    ratios: dict[str, list[float]] = {name: [] for name in peers}
    for case in GEMMS:
        square = case.kind == "square" and case.m in MEASURED_SQUARES
        for team in sorted({1, report.threads} if square else {report.threads}):
            _peers.use_threads(team)
            contest = bench_gemm.contest(case)
            times = interleave(contest, report.rounds_of_many, lambda team=team: fma_peak(team))
            yield (
                f"| {case.kind} {case} | {team} | {times.rate():.0f} | {100 * times.share():.0f} % "
                f"| {' | '.join(ratio(times, name) for name in peers)} |"
            )
            if team == report.threads:
                for name in contest.peers:
                    ratios[name].append(times.ratio(name))
                if square:
                    shares[str(case.m)] = times.share()
    _peers.use_threads(report.threads)
    for size, share in shares.items():
        report.figures[f"GEMM {size}³, share of the FMA peak"] = f"{100 * share:.0f} %"
    for name in peers:
        report.figures[f"all GEMM cases against {name}, geometric mean"] = mean(ratios[name])


def convolutions(report: Report) -> Iterator[str]:
    """Each pass of each convolution: share of the peak by direct FLOPs, and ratios to peers."""
    yield (
        "| convolution | pass | algorithm | GFLOP/s | share of FMA peak | PyTorch NHWC "
        "| PyTorch NCHW | TensorFlow |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    of_3x3: dict[str, list[float]] = {which: [] for which in bench_conv2d.PASSES}
    others: dict[str, float] = {}
    for case in CONVOLUTIONS:
        for which in bench_conv2d.PASSES:
            contest = bench_conv2d.contest(case, which)
            times = report.measure(contest, report.rounds_of_many)
            peers = (NHWC, "PyTorch NCHW", _peers.TENSORFLOW)
            yield (
                f"| {case.network} {case} | {which} | {bench_conv2d.algorithm(case, which)} | "
                f"{times.rate():.0f} | {100 * times.share():.0f} % "
                f"| {' | '.join(ratio(times, name) for name in peers)} |"
            )
            better = times.best_peer(_peers.TORCH)
            if better and case.is_3x3:
                of_3x3[which].append(times.ratio(NHWC))
            elif better:
                others[f"{case}-{which}"] = times.ratio(better)
    for which, ratios in of_3x3.items():
        report.figures[f"3×3 convolutions, {which}, against PyTorch NHWC, geometric mean"] = mean(
            ratios
        )
    report.figures["3×3 convolutions, all passes"] = mean(chain(*of_3x3.values()))
    what = "all other convolutions against the better PyTorch layout, geometric mean"
    report.figures[what] = mean(others.values())
    if others:
        worst = min(others, key=lambda name: others[name])
        report.figures["worst of them"] = f"{others[worst]:.2f} × ({worst})"


def direct(report: Report) -> Iterator[str]:
    """3x3 convolutions by the direct method, against the processor's peak."""
    yield "| 3x3 convolution, direct | pass | GFLOP/s | share of FMA peak |"
    yield "|---|---|---|---|"
    for case in DIRECT:
        for which in bench_conv2d.PASSES:
            contest = bench_conv2d.contest(case, which, "direct", peers=False)
            times = report.measure(contest, report.rounds_of_many)
            yield f"| {case} | {which} | {times.rate():.0f} | {100 * times.share():.0f} % |"


def pools(report: Report) -> Iterator[str]:
    """Pooling, forward and backward."""
    yield "| pooling | GB/s | better PyTorch layout | TensorFlow |"
    yield "|---|---|---|---|"
    ratios = []
    for case in POOLINGS:
        for which in bench_pool.PASSES:
            times = interleave(bench_pool.contest(case, which), report.rounds_of_many)
            better = times.best_peer(_peers.TORCH)
            if better:
                ratios.append(times.ratio(better))
            tensorflow = ratio(times, _peers.TENSORFLOW)
            yield f"| {case}-{which} | {times.rate():.1f} | {ratio(times, better)} | {tensorflow} |"
    what = "max and average pooling against the better PyTorch layout, both passes, geometric mean"
    report.figures[what] = mean(ratios)


def elementwise(report: Report) -> Iterator[str]:
    """Elementwise kernels and others that are bound by the memory's bandwidth."""
    yield "| operation | GB/s | PyTorch | TensorFlow |"
    yield "|---|---|---|---|"
    for make in bench_elementwise.CONTESTS:
        contest = make()
        times = interleave(contest, report.rounds_of_many)
        cells = (ratio(times, name) for name in (_peers.TORCH, _peers.TENSORFLOW))
        yield f"| {contest.name} | {times.rate():.1f} | {' | '.join(cells)} |"
