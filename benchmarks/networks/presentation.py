"""The Markdown table of the results, and their picture."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path

from networks.catalogue import NETWORKS
from networks.measure import Plan, size_for
from networks.programs import OURS, PROGRAMS, TRAINING
from networks.results import Case, Results

MISSING, FAILED = "–", "failed"


def columns(plan: Plan) -> list[tuple[str, int]]:
    """The modes and batch sizes, each of which has three columns."""
    return [(mode, batch) for mode in plan.modes for batch in plan.batches]


def case_of(name: str, mode: str, batch: int) -> Case:
    return name, mode, size_for(name, batch)


def ratios(plan: Plan, results: Results, mode: str, batch: int) -> dict[str, float]:
    """How many times as long the fastest peer takes, by the networks where it is known."""
    found = {name: results.ratio(case_of(name, mode, batch)) for name in plan.networks}
    return {name: ratio for name, ratio in found.items() if ratio is not None}


def lines(plan: Plan, results: Results) -> Iterator[str]:
    """The Markdown: the conditions, the table, what it leaves out."""
    conditions = results.conditions
    if conditions["quick"]:
        yield "A trial (--quick): the figures mean nothing.\n"
    versions = (f"{name} {version}" for name, version in conditions["versions"].items())
    yield f"{conditions['machine']}; {conditions['threads']} threads; {', '.join(versions)}.\n"
    yield (
        "Milliseconds of a step in fastconv and in the fastest peer, and how many times as long "
        "the peer takes. A batch size in parentheses replaces the column's.\n"
    )
    heads = [f"{mode}, {batch}" for mode, batch in columns(plan)]
    yield f"| network | {' | '.join(f'{head}: ms | best peer, ms | ratio' for head in heads)} |"
    yield f"|---|{'---:|---|---:|' * len(heads)}"
    for name in plan.networks:
        cells = (
            cell for mode, batch in columns(plan) for cell in _cells(results, name, mode, batch)
        )
        yield f"| {NETWORKS[name].title} | {' | '.join(cells)} |"
    means, worst = [], []
    for mode, batch in columns(plan):
        found = ratios(plan, results, mode, batch)
        if not found:
            means += ["", "", MISSING]
            worst += ["", "", MISSING]
            continue
        means += ["", "", f"{statistics.geometric_mean(found.values()):.2f}"]
        name = min(found, key=lambda name: found[name])
        worst += ["", NETWORKS[name].title, f"{found[name]:.2f}"]
    yield f"| **geometric mean** | {' | '.join(means)} |"
    yield f"| **worst** | {' | '.join(worst)} |"
    yield from _failures(plan, results)


def _cells(results: Results, name: str, mode: str, batch: int) -> Iterator[str]:
    case = case_of(name, mode, batch)
    size = f" ({case[2]})" if case[2] != batch else ""
    yield f"{_time(results, case, OURS)}{size}"
    peer, ratio = results.best_peer(case), results.ratio(case)
    yield MISSING if peer is None else f"{_time(results, case, peer)} {PROGRAMS[peer].label}"
    yield MISSING if ratio is None else f"{ratio:.2f}"


def _time(results: Results, case: Case, program: str) -> str:
    seconds = results.seconds(case, program)
    if seconds is None:
        failed = (case, program) in results.found and results.found[case, program].failure
        return FAILED if failed else MISSING
    return milliseconds(seconds)


def milliseconds(seconds: float) -> str:
    """Three digits, without an exponent."""
    ms = 1e3 * seconds
    return f"{ms:.0f}" if ms >= 100 else f"{ms:.3g}"


def _failures(plan: Plan, results: Results) -> Iterator[str]:
    failures = [m for m in results.failures() if m.network in plan.networks]
    if failures:
        yield "\nFailed:\n"
    for m in failures:
        title = PROGRAMS[m.program].title
        yield f"- {NETWORKS[m.network].title}, {m.mode}, batch {m.batch}, {title}: {m.failure}"


def write_picture(plan: Plan, results: Results, path: Path) -> bool:
    """Bars of the ratios, for every network and batch size; False without matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import NullFormatter, ScalarFormatter
    except ImportError:
        return False
    count, height = len(plan.networks), 0.8 / len(plan.batches)
    figure = Figure(figsize=(2 + 5 * len(plan.modes), 1.5 + 0.45 * count), layout="constrained")
    axes = figure.subplots(1, len(plan.modes), sharey=True, squeeze=False)[0]
    for axis, mode in zip(axes, plan.modes, strict=True):
        for number, batch in enumerate(plan.batches):
            found = ratios(plan, results, mode, batch)
            places = [plan.networks.index(name) + (number + 0.5) * height - 0.4 for name in found]
            widths = [ratio - 1 for ratio in found.values()]
            axis.barh(places, widths, height, left=1, label=f"batch {batch}", color=f"C{number}")
            for place, ratio in zip(places, found.values(), strict=True):
                side = "left" if ratio >= 1 else "right"
                axis.text(ratio, place, f" {ratio:.2f} ", ha=side, va="center", fontsize=6)
        axis.set_xscale("log")
        low, high = axis.get_xlim()
        axis.set_xlim(min(low, 0.8) / 1.2, max(high, 1.25) * 1.2)
        axis.axvline(1, color="black", linewidth=0.8)
        axis.set_xticks([t for t in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if low / 2 < t < high * 2])
        axis.xaxis.set_major_formatter(ScalarFormatter())
        axis.xaxis.set_minor_formatter(NullFormatter())
        what = "training step" if mode == TRAINING else "inference"
        axis.set_title(f"{what}: time of the best peer / time of fastconv", fontsize=9)
    axes[0].set_yticks(range(count), [NETWORKS[name].title for name in plan.networks])
    axes[0].set_ylim(count - 0.5, -0.5)
    axes[-1].legend(loc="best", fontsize=8)
    threads = results.conditions["threads"]
    figure.suptitle(f"{results.conditions['machine']}, {threads} threads", fontsize=10)
    FigureCanvasAgg(figure).print_png(path)
    return True
