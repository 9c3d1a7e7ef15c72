"""Hostile values, and the forms in which honest numbers may come."""

from __future__ import annotations

import ctypes
import datetime
import decimal
import fractions
import math
import mmap
import random
from typing import Any

import numpy as np

SIZES = (1, 1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 31, 33)
INTEGERS = (
    0, -1, 1, 2, 3, 7, 127, 255, 3000, 46341, 65536, 1431655765, 2**31 - 1, 2**31, 2**32 - 1,
    2**32, 2**32 + 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**400, -(2**31), -(2**63),
    -(10**400),
)  # fmt: skip
NUMBERS = (
    0.0, -0.0, 0.5, 1.5, -1.0, math.nan, math.inf, -math.inf, 5e-324, 1e-45, 1e-38, 3.5e38, 1e308,
    -1e308,
)  # fmt: skip
WORDS = ("", "same", "valid", "relu", "auto", "winograd", "channels_first", "\0", "None", "x" * 999)
SPECIAL = (math.nan, math.inf, -math.inf, 1e-45, -1e-40, 1e-38, -0.0, 3e38)
TYPES = ("O", "c8", "U3", "S2", "M8[s]", "m8[s]", "?", "V4", "f2", "g", "u8", ">i2", "i1")
LIBC = ctypes.CDLL(None, use_errno=True)


def numbers_of(rng: random.Random, shape: tuple[int, ...], kind: str) -> np.ndarray:
    """A float32 array: "integers" between -6 and 6, "normal", or with "special" values in it."""
    source = np.random.default_rng(rng.getrandbits(64))
    if kind == "integers":
        return np.asarray(source.integers(-6, 7, shape), np.float32)
    array = np.asarray(source.normal(size=shape) * rng.choice((1e-3, 1, 1, 1, 20)), np.float32)
    if kind == "special" and array.size:
        flat = array.reshape(-1)
        for _ in range(rng.choice((1, 1, 2, 5))):
            flat[rng.randrange(flat.size)] = np.float32(rng.choice(SPECIAL))
    if kind == "tiny":
        array *= np.float32(1e-39)
    return array


def number(rng: random.Random) -> Any:
    """A single value that is hardly ever right."""
    pool = rng.randrange(9)
    if pool < 3:
        return rng.choice(INTEGERS)
    if pool == 3:
        return rng.choice(NUMBERS)
    if pool == 4:
        return rng.choice(WORDS)
    if pool == 5:
        return rng.choice((True, False, None, b"", b"\xff", 1j, ..., [], (), {}, set(), object(),
                           [[]], [None], float, len))  # fmt: skip
    if pool == 6:
        return rng.choice((
            np.float32(2), np.float64("nan"), np.int8(-1), np.uint64(2**64 - 1), np.bool_(True),
            np.array(3), np.array([1, 2]), np.array("a"), np.str_("same"), np.longdouble(1),
            np.datetime64("2020-01-01"), np.float16(1), np.array([[1, 2], [0, 1]]),
        ))  # fmt: skip
    if pool == 7:
        return rng.choice((
            decimal.Decimal("1e999"), fractions.Fraction(10**400), decimal.Decimal("nan"),
            fractions.Fraction(1, 3), datetime.date(2020, 1, 1), range(2), range(2**63), "ab",
        ))  # fmt: skip
    return nested(rng, rng.randrange(3, 60))


def nested(rng: random.Random, depth: int) -> Any:
    """Lists in lists."""
    value: Any = rng.choice((0, 1, 10**400, None, "a"))
    for _ in range(depth):
        value = [value]
    return value


def sizes(rng: random.Random) -> Any:
    """Something in the place of one size, a pair, or a pair of pairs."""
    entry = lambda: rng.choice((1, 2, rng.choice(INTEGERS), number(rng)))  # noqa: E731
    form = rng.randrange(6)
    if form < 2:
        return rng.choice(INTEGERS)
    if form == 2:
        return (entry(), entry())
    if form == 3:
        return ((entry(), entry()), (entry(), entry()))
    if form == 4:
        return tuple(entry() for _ in range(rng.randrange(5)))
    return number(rng)


def array(rng: random.Random, honest: Any = None) -> Any:
    """Something in the place of an array; `honest` is the one that fits."""
    pool = rng.randrange(10)
    shape = np.shape(honest) if isinstance(honest, np.ndarray) else (2, 3)
    if pool == 0:
        return number(rng)
    if pool == 1:  # another shape
        wrong = list(shape)
        if wrong and rng.random() < 0.8:
            wrong[rng.randrange(len(wrong))] = rng.choice((0, 1, 2, 3, 5, 1000))
        else:
            wrong.append(1)
        return np.ones(wrong, np.float32)
    if pool == 2:  # another type
        kind = rng.choice(TYPES)
        return np.zeros(shape, kind)
    if pool == 3:  # far more elements than memory
        if not shape:
            return np.broadcast_to(np.float32(1), (2**40,))
        wrong = list(shape)
        wrong[rng.randrange(len(wrong))] = rng.choice((2**31, 2**31 - 1, 2**40, 2**29))
        if math.prod(wrong) >= 2**60:
            return np.broadcast_to(np.float32(1), (2**31,))
        return np.broadcast_to(np.float32(1), wrong)
    if pool == 4:
        return rng.choice(
            (
                [[1, 2], [3]],
                [[], [1]],
                [1, [2]],
                [10**400],
                ["a"],
                [None],
                [[[]]],
                [2**64, 1.5],
                [1j],
                memoryview(b"abcd"),
                bytearray(8),
                "1 2 3",
            )
        )
    if pool == 5:
        return np.zeros(np.shape(honest) or (1,), [("a", "f4"), ("b", "i4")])
    if pool == 6 and isinstance(honest, np.ndarray):
        return np.ma.masked_array(honest, honest > 0)
    if pool == 7:
        wrong = tuple(shape[:-1]) if rng.random() < 0.5 else (*shape, 1)
        return np.ones(wrong)
    if pool == 8:
        return np.full(shape, rng.choice(SPECIAL), np.float32)
    return np.full(shape, rng.choice((1e300, -1e300, 1e39, 1e-320)))


def form_of(rng: random.Random, plain: np.ndarray) -> tuple[Any, str]:
    """The same numbers in another form, and its name."""
    name = rng.choice(FORMS)
    if not plain.ndim or (plain.dtype.kind == "i" and name in ("float64", "longdouble")):
        name = "plain"
    return _form(name, plain), name


FORMS = (
    "plain", "plain", "guarded end", "guarded start", "float64", "longdouble", "swapped",
    "misaligned", "gaps", "columns first", "backwards", "read-only", "field", "list", "broadcast",
)  # fmt: skip


def _form(name: str, plain: np.ndarray) -> Any:
    if name == "guarded end" or name == "guarded start":
        return guarded(plain, name == "guarded end")
    if name == "float64":
        return plain.astype(np.float64)
    if name == "longdouble":
        return plain.astype(np.longdouble)
    if name == "swapped":
        return plain.astype(plain.dtype.newbyteorder())
    if name == "misaligned":
        view = np.empty(plain.nbytes + 1, np.uint8)[1:].view(plain.dtype).reshape(plain.shape)
        view[...] = plain
        return view
    if name == "gaps":
        wide = np.full([2 * size for size in plain.shape], 77, plain.dtype)
        at = tuple(slice(None, None, 2) for _ in plain.shape)
        wide[at] = plain
        return wide[at]
    if name == "columns first":
        return np.asfortranarray(plain)
    if name == "backwards" and plain.ndim:
        return np.ascontiguousarray(plain[::-1])[::-1]
    if name == "read-only":
        copy = plain.copy()
        copy.flags.writeable = False
        return copy
    if name == "field":
        records = np.zeros(plain.shape, np.dtype([("value", plain.dtype), ("rest", np.int16)]))
        records["value"] = plain
        return records["value"]
    if name == "list":
        return plain.tolist() if plain.size else plain
    if name == "broadcast" and plain.ndim and len(plain) and (plain == plain[:1]).all():
        return np.broadcast_to(plain[:1], plain.shape)
    return plain.copy()


def guarded(plain: np.ndarray, at_end: bool) -> np.ndarray:
    """A copy against a page that may not be touched."""
    page = mmap.PAGESIZE
    room = -(-max(plain.nbytes, 1) // page) * page
    memory = mmap.mmap(-1, room + 2 * page)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for at in (start, start + page + room):
        if LIBC.mprotect(ctypes.c_void_p(at), ctypes.c_size_t(page), 0):
            raise OSError(ctypes.get_errno(), "mprotect")
    first = page + (room - plain.nbytes if at_end else 0)
    view = np.frombuffer(memory, np.uint8)[first : first + plain.nbytes].view(plain.dtype)
    view = view.reshape(plain.shape)
    view[...] = plain
    return view


def is_huge(value: Any) -> bool:
    """Whether an array has, or may be turned into something with, very many elements."""
    return isinstance(value, np.ndarray) and max(value.nbytes, *value.shape, 0) > 1 << 24


def shown(value: Any) -> str:
    """A value in a few words."""
    if isinstance(value, np.ndarray):
        more = "" if value.flags.c_contiguous else f" strides {value.strides}"
        few = f" {value.tolist()!r}"[:60] if 0 < value.size <= 3 else ""
        return f"{value.dtype}{value.shape}{more}{few}"
    if isinstance(value, int) and abs(value) > 2**70:
        return f"an integer of {value.bit_length()} bits"
    try:
        text = repr(value)
    except ValueError:  # integers with too many digits
        text = f"a {type(value).__name__} with a huge integer"
    return text if len(text) < 120 else f"{text[:100]}... ({type(value).__name__})"
