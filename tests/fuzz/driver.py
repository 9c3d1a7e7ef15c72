"""The driver: cases run in child processes with limits, so that a crash or a hang is a finding.

A case is a function of the target's name, the seed and its number, and of nothing else. A child
notes the case that it is about to run; if a signal ends it, the parent knows which case that was,
and goes on behind it in a new child.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import importlib.util
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import known

HERE = Path(__file__).parent
TARGETS = {
    "ops": "target_ops", "layers": "target_layers", "losses": "target_losses",
    "model": "target_files", "weights": "target_files", "checkpoint": "target_files",
    "backup": "target_files", "idx": "target_files", "idx_gz": "target_files",
    "cifar_pickle": "target_files", "cifar_archive": "target_files", "zip": "target_files",
    "image": "target_files", "history": "target_files", "cache": "target_files",
    "trial": "target_trial",
}  # fmt: skip
"""Every target, and the module whose `make_target(name, scratch)` makes it."""
CPU_SECONDS = 20.0
"""Of one case, on all threads; more is a hang."""
WALL_SECONDS = 300.0
"""Without a new case; more is a hang too, one that waits instead of working."""
ADDRESS_SPACE = 0 if "libasan" in os.environ.get("LD_PRELOAD", "") else 2 << 30
"""Of a child; 0 is no limit: AddressSanitizer reserves terabytes of addresses for itself."""
RESIDENT = 192 << 20
"""By so much may a case of small arrays or files raise the peak of the resident memory."""


class WrongOutcome(Exception):
    """What a case raises when the outcome is none of the allowed ones."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind, self.detail = kind, detail


class Case(Protocol):
    """One call, drawn and ready to run."""

    name: str
    """What is called."""
    text: str
    """With which arguments, shortly."""
    large: bool
    """Whether the arguments themselves ask for much memory."""

    def run(self) -> None:
        """Make the call; raises WrongOutcome."""


class Target(Protocol):
    """Cases of one kind."""

    def draw(self, rng: random.Random) -> Case:
        """The next case."""


@dataclass(frozen=True)
class Finding:
    """A case whose outcome is none of the allowed ones."""

    target: str
    seed: int
    number: int
    name: str
    kind: str
    detail: str
    text: str

    @property
    def line(self) -> str:
        """All of it in one line, without the case's number: what `known` looks at."""
        return f"{self.target} {self.name}: {self.kind}: {self.detail} <- {self.text}"

    @property
    def command(self) -> str:
        """How to run the case again."""
        return f"python tests/fuzz/run.py {self.target} --seed {self.seed} --only {self.number}"


@dataclass
class Report:
    """What a run found."""

    calls: int = 0
    names: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    new: list[Finding] = field(default_factory=list)
    known: dict[str, list[Finding]] = field(default_factory=dict)

    def add(self, finding: Finding) -> None:
        """Sort a finding into the known ones or the new ones."""
        defect = known.defect_of(finding.line)
        if defect is None:
            self.new.append(finding)
        else:
            self.known.setdefault(defect, []).append(finding)


def target_of(name: str, scratch: Path) -> Target:
    """The target called `name`, which may write into the folder `scratch`."""
    return importlib.import_module(TARGETS[name]).make_target(name, scratch)


def generator(target: str, seed: int, number: int) -> random.Random:
    """The source of everything that is random about one case."""
    return random.Random(f"{target}/{seed}/{number}")


def run(
    target: str, calls: int, seed: int, *, first: int = 0, batch: int = 500,
    environment: dict[str, str] | None = None, space: int = ADDRESS_SPACE,
    seconds: float = CPU_SECONDS,
) -> Report:  # fmt: skip
    """Run the cases `first` ... `first + calls - 1` of `target` in children."""
    report = Report()
    scratch = Path(tempfile.mkdtemp(prefix="fuzz-", dir="/dev/shm" if _has_shm() else None))
    try:
        at, end = first, first + calls
        while at < end:
            at = _run_child(report, target, seed, at, min(at + batch, end), scratch,
                            environment or {}, space, seconds)  # fmt: skip
            report.calls = at - first
    except KeyboardInterrupt:
        report.outcomes["stopped"] += 1  # what was found until then is shown
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return report


def _run_child(
    report: Report, target: str, seed: int, at: int, end: int, scratch: Path,
    environment: dict[str, str], space: int, seconds: float,
) -> int:  # fmt: skip
    """Run cases in a child until they are done or it dies; the number of the next case."""
    folder = scratch / "child"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    command = [sys.executable, str(HERE / "run.py"), target, "--child", str(folder)]
    command += ["--seed", str(seed), "--first", str(at), "--calls", str(end - at)]
    command += ["--space", str(space), "--seconds", str(seconds)]
    settings = {
        "FASTCONV_CACHE": str(folder / "cache"), "TMPDIR": str(folder), "PYTHONPATH": _places(),
        "OPENBLAS_NUM_THREADS": "1", "PYTHONWARNINGS": "default",
    }  # fmt: skip
    inherited = {k: v for k, v in os.environ.items() if k != "FASTCONV_DATA"}
    with (scratch / "stderr").open("wb") as stderr:
        child = subprocess.Popen(
            command, env=inherited | settings | environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=stderr,
        )  # fmt: skip
        try:
            status = _wait(child, folder / "slot")
        finally:
            child.kill()
    slot = folder / "slot"
    errors = (scratch / "stderr").read_text(errors="replace")
    for line in _lines(folder / "findings"):
        report.add(Finding(**line))
    for line in _lines(folder / "counts"):
        report.names.update(line["names"])
        report.outcomes.update(line["outcomes"])
    if status == 0:
        return json.loads((folder / "next").read_text())
    if (status > 0 and "Traceback" in errors.split("Fatal Python error")[0]) or not slot.exists():
        raise RuntimeError(f"the suite itself failed (status {status}):\n{errors[-3000:]}")
    number, name, text, large = json.loads(slot.read_text().rstrip("\0 "))
    if large and "libgomp: Thread creation failed" in errors:
        report.outcomes["no memory"] += 1  # the limit is reached, and OpenMP knows no other answer
        return number + 1
    kind = _how_it_ended(status)
    report.outcomes[kind.split()[0]] += 1
    report.add(Finding(target, seed, number, name, kind, _where(errors), text))
    return number + 1


def _wait(child: subprocess.Popen[bytes], slot: Path) -> int:
    """The child's exit status; it is killed if it comes to no new case for a long time."""
    started, seen = time.monotonic(), None
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(timeout=5)
        noted = slot.read_bytes() if slot.exists() else None
        if noted != seen:
            seen, started = noted, time.monotonic()
        elif time.monotonic() - started > WALL_SECONDS:
            child.kill()


def _how_it_ended(status: int) -> str:
    if status in (-signal.SIGPROF, -signal.SIGKILL):
        return "hang"
    if status < 0:
        return f"crash {signal.Signals(-status).name}"
    return f"exit {status}"


def _where(errors: str) -> str:
    """The innermost line of the package in what faulthandler wrote, or the last line."""
    lines = errors.splitlines()
    stacked = [line.strip() for line in lines if line.startswith("  File") and "fuzz" not in line]
    reports = [line.strip() for line in lines if "ERROR: AddressSanitizer" in line
               or "runtime error:" in line]  # fmt: skip
    return " | ".join(reports[:1] + (stacked[:1] or lines[-1:]))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        for line in path.read_text().splitlines():
            yield json.loads(line)


def _places() -> str:
    """Where a child finds the package that this process would import, and the suite."""
    package = importlib.util.find_spec("fastconv")
    assert package is not None
    assert package.origin is not None
    return os.pathsep.join([str(Path(package.origin).parents[1]), str(HERE)])


def _has_shm() -> bool:
    return os.access("/dev/shm", os.W_OK)


def be_child(
    target: str, seed: int, first: int, calls: int, folder: Path, space: int, seconds: float
) -> int:
    """Run cases in this process; leaves in `folder` what the parent reads."""
    faulthandler.enable()
    if space:
        resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 30, 4 << 30))
    things = folder / "files"
    things.mkdir(exist_ok=True)
    cases = target_of(target, things)
    names: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    slot = os.open(folder / "slot", os.O_RDWR | os.O_CREAT)
    number = first
    with (folder / "findings").open("a") as findings:
        while number < first + calls:
            os.pwrite(slot, json.dumps([number, "draw", "", False]).encode().ljust(2600), 0)
            case = draw(cases, target, seed, number)
            note = json.dumps([number, case.name, case.text[:2000], bool(case.large)]).encode()
            os.pwrite(slot, note.ljust(2600), 0)
            finding = run_one(target, seed, number, case, seconds)
            names[case.name] += 1
            outcomes[finding.kind.split()[0] if finding else getattr(case, "outcome", "right")] += 1
            number += 1
            if finding is not None:
                findings.write(json.dumps(asdict(finding)) + "\n")
                findings.flush()
                if finding.kind == "memory":
                    break  # the peak is high now: a new process sees the next one
    (folder / "counts").write_text(json.dumps({"names": names, "outcomes": outcomes}) + "\n")
    (folder / "next").write_text(json.dumps(number))
    return 0


class Undrawn:
    """A case that could not be drawn: a defect of the suite, reported like all others."""

    name, text, large = "draw", "", False

    def __init__(self) -> None:
        self.why = traceback.format_exc()[-1200:]

    def run(self) -> None:
        """Say so."""
        raise WrongOutcome("the suite itself failed", self.why)


def draw(cases: Target, target: str, seed: int, number: int) -> Case:
    """The case of this number."""
    try:
        return cases.draw(generator(target, seed, number))
    except Exception:
        return Undrawn()


def run_one(
    target: str, seed: int, number: int, case: Case, seconds: float = CPU_SECONDS
) -> Finding | None:
    """Run one case here."""
    before = peak()
    signal.setitimer(signal.ITIMER_PROF, seconds)  # SIGPROF ends the process
    kind = detail = ""
    try:
        case.run()
    except WrongOutcome as wrong:
        kind, detail = wrong.kind, wrong.detail
    except Exception:
        kind, detail = "the suite itself failed", traceback.format_exc()[-1200:]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    grown = peak() - before
    if not kind and grown > RESIDENT and not case.large:
        kind, detail = "memory", f"{grown >> 20} MiB for a small case"
    if not kind:
        return None
    return Finding(target, seed, number, case.name, kind, detail[:1500], case.text[:2000])


def peak() -> int:
    """The largest resident memory so far, in bytes.

    Not `getrusage`'s, which a child inherits from its parent at the fork.
    """
    found = re.search("VmHWM:[^0-9]*([0-9]+)", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def main(words: list[str] | None = None) -> int:
    """The command line; `run.py` and ``python -m tests.fuzz`` call it."""
    parser = argparse.ArgumentParser(prog="tests/fuzz/run.py", description=__doc__)
    add = parser.add_argument
    add("target", choices=[*TARGETS, "all"])
    add("--calls", type=int, default=2000, help="cases to run (default: 2000)")
    add("--seed", type=int, default=0)
    add("--first", type=int, default=0, help="the number of the first case")
    add("--only", type=int, help="run this one case again")
    add("--here", action="store_true", help="with --only: in this process, for a debugger")
    add("--batch", type=int, default=500, help="cases in one child process")
    add("--jobs", type=int, default=1, help="children at a time; every one has seeds of its own")
    add("--isa", help="sets FASTCONV_ISA")
    add("--space", type=int, default=ADDRESS_SPACE,
        help="address space of a child in bytes; 0 (under AddressSanitizer): no limit")  # fmt: skip
    add("--seconds", type=float, default=CPU_SECONDS, help="processor time of one case")
    add("--child", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args(words)
    if chosen.child:
        return be_child(
            chosen.target,
            chosen.seed,
            chosen.first,
            chosen.calls,
            chosen.child,
            chosen.space,
            chosen.seconds,
        )
    if chosen.here:
        with tempfile.TemporaryDirectory() as scratch:
            os.environ["FASTCONV_CACHE"] = f"{scratch}/cache"
            cases = target_of(chosen.target, Path(scratch))
            case = draw(cases, chosen.target, chosen.seed, chosen.only)
            print(f"{case.name} <- {case.text}", flush=True)
            finding = run_one(chosen.target, chosen.seed, chosen.only, case)
            print("as it should be" if finding is None else finding.line)
        return finding is not None
    first, calls = (chosen.first, chosen.calls) if chosen.only is None else (chosen.only, 1)
    environment = {"FASTCONV_ISA": chosen.isa} if chosen.isa else {}
    print(f"fastconv in {_places().partition(os.pathsep)[0]}", flush=True)
    failed = False
    for name in (
        [name for name in TARGETS if name != "trial"] if chosen.target == "all" else [chosen.target]
    ):
        began = time.monotonic()
        reports = _run_jobs(name, calls, chosen, first, environment)
        for report in reports:
            failed |= bool(report.new)
        show(name, reports, time.monotonic() - began)
    return failed


def _run_jobs(
    name: str, calls: int, chosen: argparse.Namespace, first: int, environment: dict[str, str]
) -> list[Report]:
    """The same cases whatever the number of jobs."""
    from concurrent.futures import ThreadPoolExecutor

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    share = -(-calls // chosen.jobs)
    starts = range(first, first + calls, share)

    def one(start: int) -> Report:
        return run(
            name,
            min(share, first + calls - start),
            chosen.seed,
            first=start,
            batch=chosen.batch,
            environment=environment,
            space=chosen.space,
            seconds=chosen.seconds,
        )

    if chosen.jobs == 1:
        return [one(first)]
    with ThreadPoolExecutor(chosen.jobs) as pool:
        return list(pool.map(one, starts))


def _short(line: str) -> str:
    line = " ".join(line.split())
    return line if len(line) < 500 else f"{line[:300]} ... {line[-200:]}"


def show(name: str, reports: list[Report], seconds: float) -> None:
    """Print what was found: every kind of finding once, with the command that repeats it."""
    calls = sum(report.calls for report in reports)
    outcomes: Counter[str] = sum((report.outcomes for report in reports), Counter())
    names: Counter[str] = sum((report.names for report in reports), Counter())
    told = ", ".join(f"{count} {kind}" for kind, count in outcomes.most_common())
    print(f"{name}: {calls} cases of {len(names)} things in {seconds:.0f} s: {told}")
    for report in reports:
        for defect, findings in report.known.items():
            print(f"  known ({len(findings)}): {defect}; e.g. {findings[0].command}")
    alike: dict[str, list[Finding]] = {}
    for finding in (finding for report in reports for finding in report.new):
        words = re.sub(r"[\W\d]+", " ", finding.detail.replace(finding.name, ""))
        alike.setdefault(f"{finding.kind}: {words[:48]}", []).append(finding)
    for findings in sorted(alike.values(), key=len, reverse=True):
        first = min(findings, key=lambda finding: len(finding.text))
        those = sorted({finding.name for finding in findings})
        print(f"  NEW ({len(findings)}; {', '.join(those)[:120]}) {_short(first.line)}")
        print(f"      {first.command}")
    sys.stdout.flush()
