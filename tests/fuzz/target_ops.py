"""Hostile and honest calls of every public operation.

A call is right (its arrays in any form: then the result is that of the reference), holds special
values, has an argument or two replaced, or gives an `out` that overlaps an input. It may be refused
by a TypeError or ValueError that begins with the operation's name, with nothing written; else the
result has to be right.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import draws
import numpy as np
from bounds import TINY, difference
from driver import RESIDENT, WrongOutcome
from ops_calls import DRAWS, Call

import fastconv
from fastconv import ops

LARGE = RESIDENT // 3
HUGE = 1 << 28
"""Arguments of more bytes than that are not looked through."""


def make_target(name: str, scratch: Path) -> Operations:
    """The target "ops"."""
    return Operations()


def ordinary(array: np.ndarray) -> bool:
    """Whether products of a few of these numbers neither overflow nor vanish."""
    size = abs(array)
    return bool(((size < 1e18) & ((size > 1e-12) | (size == 0))).all())


class Operations:
    """Cases over `fastconv.ops.__all__`."""

    def draw(self, rng: random.Random) -> OpsCase:
        """A call of a random operation."""
        op = rng.choice(ops.__all__)
        mode = rng.choice(("right", "right", "right", "special", "hostile", "hostile", "hostile",
                           "overlap"))  # fmt: skip
        kind = "special" if mode == "special" else rng.choice(("integers", "normal", "normal",
                                                               "tiny"))  # fmt: skip
        with np.errstate(all="ignore"):
            call = DRAWS[op](op, rng, kind)
        return OpsCase(call, mode, rng)


class OpsCase:
    """One call."""

    def __init__(self, call: Call, mode: str, rng: random.Random) -> None:
        self.call, self.mode, self.name = call, mode, call.op
        self.large, self.outcome = False, "right"
        self.threads = rng.choice((1, 1, 2, 3))
        self.plain = dict(call.arguments)  # what the reference is given
        self.given: dict[str, Any] = {}
        self.first = "data_format" in call.takes and rng.random() < 0.25
        for key, value in list(self.plain.items()):
            if isinstance(value, np.ndarray):
                if key not in call.special and not (abs(value) < 1e18).all():
                    value = self.plain[key] = np.where(
                        abs(value) < 1e18, value, value.dtype.type(2)
                    )
                if self.first and key in call.images:
                    value = np.ascontiguousarray(value.transpose(0, 3, 1, 2))
                if key in call.changed:
                    self.given[key] = draws.guarded(value, rng.random() < 0.5)
                else:
                    self.given[key], _ = draws.form_of(rng, value)
            else:
                self.given[key] = value
        if self.first:
            self.given["data_format"] = "channels_first"
        self.replaced: list[str] = []
        if mode == "hostile":
            self._replace(rng)
        elif "out" in call.takes and (mode == "overlap" or rng.random() < 0.3):
            self._give_out(rng)
        elif mode == "overlap":
            self._alias(rng)
        self.large = any(draws.is_huge(value) for value in self.given.values())
        shown = ", ".join(f"{k}={draws.shown(v)}" for k, v in self.given.items())
        marks = f" [{mode}{' ' + '+'.join(self.replaced) if self.replaced else ''}]"
        self.text = f"{call.op}({shown}){marks}"

    def _replace(self, rng: random.Random) -> None:
        """Put one or two hostile values in."""
        names = sorted(self.call.takes)
        for name in rng.sample(names, min(len(names), rng.choice((1, 1, 1, 2)))):
            honest = self.given.get(name)
            if name == "out" or name in self.call.changed:
                self.given[name] = self._hostile_out(rng, name)
            elif name in ("strides", "dilation", "pool_size", "padding", "size", "groups", "t"):
                self.given[name] = draws.sizes(rng)
            elif isinstance(honest, np.ndarray) or name in (
                "b",
                "c",
                "bias",
                "gamma",
                "beta",
                "mean",
                "variance",
                "row_weights",
            ):
                self.given[name] = draws.array(rng, honest)
            else:
                self.given[name] = draws.number(rng)
            self.replaced.append(name)

    def _hostile_out(self, rng: random.Random, name: str) -> Any:
        """Something that cannot take a result, or perhaps can."""
        given = self.given.get(name, self.given.get("x"))
        shape = given.shape if isinstance(given, np.ndarray) else (3,)
        if np.prod(shape, dtype=float) > 1e6:
            shape = (3,)
        form = rng.randrange(8)
        if form == 0:
            return np.zeros(shape)
        if form == 1:
            array = np.zeros(shape, np.float32)
            array.flags.writeable = False
            return array
        if form == 2:
            return np.zeros([2 * n for n in shape], np.float32)[tuple(slice(None, None, 2)
                                                                      for _ in shape)]  # fmt: skip
        if form == 3:
            return np.zeros(shape, ">f4")
        if form == 4:
            return np.asfortranarray(np.zeros(shape, np.float32))
        if form == 5:
            strides = (0,) * len(shape)
            return np.lib.stride_tricks.as_strided(np.zeros(1, np.float32), shape, strides)
        return draws.array(rng, np.zeros(shape, np.float32))

    def _results(self) -> tuple[list[tuple[Any, Any]] | None, bool]:
        """What the reference makes of the plain arguments, and whether it refuses them."""
        plain = dict(self.plain)
        x = plain.get("x")
        if self.call.op.startswith(("max_pool", "min_pool")) and isinstance(x, np.ndarray):
            # Which of two numbers that count as 0 is larger does not matter.
            plain["x"] = np.where(abs(x) < TINY, x.dtype.type(0), x)
        try:
            with np.errstate(all="ignore"):
                expected = self.call.expect(plain)
        except (ValueError, ZeroDivisionError, TypeError, IndexError):
            return None, True
        except Exception:
            if self.mode != "hostile":
                raise
            return None, True  # a value that only the operation understands
        if self.first:
            for at in self.call.image_results:
                expected[at] = tuple(
                    np.broadcast_to(n, np.shape(expected[at][0])).transpose(0, 3, 1, 2)
                    for n in expected[at]
                )  # type: ignore[assignment]
        return expected, False

    def _give_out(self, rng: random.Random) -> None:
        """An `out` that fits; in the mode "overlap" it shares memory with an input."""
        expected, refused = self._results()
        if refused or expected is None:
            return
        shape = np.shape(expected[0][0])
        arrays = [k for k, v in self.given.items() if isinstance(v, np.ndarray)
                  and v.dtype == np.float32 and v.dtype.isnative]  # fmt: skip
        if self.mode != "overlap" or not arrays:
            self.given["out"] = draws.guarded(np.full(shape, np.nan, np.float32), True)
            return
        name = rng.choice(arrays)
        size, old = int(np.prod(shape)), np.ascontiguousarray(self.given[name])
        apart = rng.choice((0, 0, 1, 3, max(old.size - 1, 0), max(size - 1, 0)))
        memory = np.zeros(old.size + size + apart, np.float32)
        ahead = rng.random() < 0.5
        start, out_start = (0, apart) if ahead else (apart, 0)
        self.given[name] = memory[start : start + old.size].reshape(old.shape)
        self.given[name][...] = old
        self.given["out"] = memory[out_start : out_start + size].reshape(shape)
        if self.call.op == "gemm" and rng.random() < 0.3:
            self.given["out"] = np.lib.stride_tricks.as_strided(
                memory, shape, rng.choice(((0, 4), (4, 0), (4, 4), (8, 4)))
            ) if max(shape) * 3 < memory.size else self.given["out"]  # fmt: skip
        self.replaced.append(name)

    def _alias(self, rng: random.Random) -> None:
        """One array in the place of two, or two that overlap."""
        arrays = [
            k
            for k, v in self.given.items()
            if isinstance(v, np.ndarray)
            and v.dtype == np.float32
            and v.dtype.isnative
            and v.flags.c_contiguous
        ]
        if len(arrays) < 2:
            return
        one, two = rng.sample(arrays, 2)
        a, b = self.given[one], self.given[two]
        apart = rng.choice((0, 1, 2))
        memory = np.zeros(max(a.size, b.size) + apart, np.float32)
        memory[: a.size] = a.reshape(-1)
        memory[apart : apart + b.size] = b.reshape(-1)
        self.given[one] = memory[: a.size].reshape(a.shape)
        self.given[two] = memory[apart : apart + b.size].reshape(b.shape)
        for key in (one, two):
            value = self.given[key].copy()
            turn = self.first and key in self.call.images
            self.plain[key] = value.transpose(0, 2, 3, 1) if turn else value
        self.replaced += [one, two]

    def run(self) -> None:
        """Make the call, and look at everything."""
        fastconv.set_num_threads(self.threads)
        kept = {
            k: (v, v.tobytes())
            for k, v in self.given.items()
            if isinstance(v, np.ndarray)
            and v.nbytes < HUGE
            and v.dtype.kind != "O"
            and v.dtype != np.longdouble
        }
        written = {*self.call.changed, "out"}
        try:
            result = getattr(ops, self.call.op)(**self.given)
        except (TypeError, ValueError) as error:
            self._refused(error, kept)
            return
        except MemoryError as error:
            named = str(error).startswith(f"{self.call.op}: no memory for a result")
            if not self.large and not named:
                raise WrongOutcome("MemoryError", draws.shown(str(error))) from None
            self.outcome = "no memory"
            return
        except Exception as error:
            raise WrongOutcome(f"exception {type(error).__name__}", str(error)[:300]) from None
        results = list(result) if isinstance(result, tuple) else [result]
        # What was asked for may be large, and is made twice where its layout is turned.
        self.large |= any(isinstance(one, np.ndarray) and one.nbytes > LARGE for one in results)
        if self.call.changed:
            if result is not None:
                raise WrongOutcome("result", f"{type(result).__name__} instead of None")
            results = [self.given[name] for name in self.call.changed]
        elif (
            "out" in self.given
            and self.given["out"] is not None
            and result is not self.given["out"]
        ):
            raise WrongOutcome("result", "is not out")
        for name, (array, before) in kept.items():
            if name not in written and array.tobytes() != before and not self._shares(array):
                raise WrongOutcome("input changed", name)
        self._compare(results)

    def _shares(self, array: np.ndarray) -> bool:
        """Whether the memory of an input is also that of what is written."""
        places = [self.given.get("out"), *(self.given.get(name) for name in self.call.changed)]
        return any(isinstance(p, np.ndarray) and np.may_share_memory(p, array) for p in places)

    def _refused(self, error: Exception, kept: dict[str, tuple[np.ndarray, bytes]]) -> None:
        self.outcome = "refused"
        text = str(error)
        if not text.startswith((f"{self.call.op}:", f"{self.call.op}()")):
            raise WrongOutcome("exception without the operation's name",
                               f"{type(error).__name__}: {text[:300]}") from None  # fmt: skip
        for name, (array, before) in kept.items():
            if array.tobytes() != before:
                raise WrongOutcome("refused, but changed", f"{name}: {text[:200]}")
        if self.mode in ("right", "special") and not self._results()[1]:
            if "algo 'gemm' is for" in text or "must not be empty" in text:
                return
            if "must fit into the padded input" in text and self._nothing_fits():
                return
            raise WrongOutcome("refused what the reference computes", text[:300])

    def _nothing_fits(self) -> bool:
        """Whether the reference's result has no rows or columns."""
        y = self.plain.get("dy")
        shape = np.shape(self._results()[0][0][0]) if y is None else y.shape
        return 0 in (shape[2:] if y is None and self.first else shape[1:3])

    def _compare(self, results: list[Any]) -> None:
        if self.mode == "hostile" and not self._as_reference():
            self.outcome = "accepted"
            return
        expected, refused = self._results()
        if refused or expected is None:
            nothing = any(np.size(v) == 0 for v in self.plain.values())
            if self.mode in ("right", "special") and not nothing:
                raise WrongOutcome("accepted what the reference refuses", "")
            self.outcome = "accepted"
            return
        if len(results) != len(expected):
            raise WrongOutcome("result", f"{len(results)} instead of {len(expected)} results")
        # Numbers below the smallest normal one count as 0, whatever they are multiplied by.
        arrays = [v for v in self.plain.values() if isinstance(v, np.ndarray)]
        sums = (float(abs(v[np.isfinite(v)]).sum(dtype=float)) for v in arrays)
        lost = 32 * TINY * (1 + sum(sums))
        for at, (found, (wanted, allowed)) in enumerate(zip(results, expected, strict=True)):
            wrong = difference(found, wanted, allowed + lost)
            if wrong:
                raise WrongOutcome("wrong result", f"result {at}: {wrong}")

    def _as_reference(self) -> bool:
        """Take over what was replaced, if the reference is defined for it and small enough."""
        for name in self.replaced:
            if name in ("out", "data_format", "algo", "epsilon", *self.call.changed):
                return False
            value = self.given[name]
            if isinstance(value, np.ndarray):
                if value.nbytes > 1 << 20 or value.dtype.kind not in "fiub":
                    return False
                with np.errstate(over="ignore"):
                    value = np.asarray(value, np.float32)
                if name not in self.call.special and not ordinary(value):
                    return False
                if self.first and name in self.call.images:
                    value = value.transpose(0, 2, 3, 1)
                self.plain[name] = value
                continue
            if isinstance(value, (bool, np.bool_)) or value is None:
                self.plain[name] = value
                continue
            numbers = np.ravel(np.asarray(value, object))
            if not all(isinstance(n, int) and abs(n) < 100 for n in numbers):
                return False
            self.plain[name] = value
        return True
