"""How a file is damaged: bytes, length fields, and the JSON inside of it."""

from __future__ import annotations

import json
import random
import struct
from typing import Any

LENGTHS = (0, 1, 2, 255, 2**15, 2**16 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62,
           2**63 - 1, 2**63, 2**64 - 1)  # fmt: skip


def damaged(rng: random.Random, content: bytes, others: list[bytes]) -> bytes:
    """`content` after one to three mutations; `others` are files to take pieces of."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        content = rng.choice(KINDS)(rng, content, others)
    return content


def _flip(rng: random.Random, content: bytes, others: list[bytes]) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8))):
        if changed:
            changed[_place(rng, len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _set(rng: random.Random, content: bytes, others: list[bytes]) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 4))):
        if changed:
            changed[_place(rng, len(changed))] = rng.choice((0, 1, 10, 34, 127, 128, 255,
                                                              rng.randrange(256)))  # fmt: skip
    return bytes(changed)


def _truncate(rng: random.Random, content: bytes, others: list[bytes]) -> bytes:
    return content[: _place(rng, len(content) + 1)]


def _insert(rng: random.Random, content: bytes, others: list[bytes]) -> bytes:
    at = _place(rng, len(content) + 1)
    piece = rng.choice((rng.randbytes(rng.randrange(1, 40)), b"\0" * rng.randrange(1, 5000),
                        _piece(rng, content)))  # fmt: skip
    return content[:at] + piece + content[at:]


def _delete(rng: random.Random, content: bytes, others: list[bytes]) -> bytes:
    at = _place(rng, len(content) + 1)
    return content[:at] + content[at + rng.choice((1, 2, 4, 8, 100)) :]


def _length(rng: random.Random, content: bytes, others: list[bytes]) -> bytes:
    """Another number in the place of 2, 4 or 8 bytes."""
    order, kind = rng.choice("<>"), rng.choice("HIQ")
    size = struct.calcsize(kind)
    at = _place(rng, max(1, len(content) - size))
    if rng.random() < 0.5:
        at -= at % size
    number = rng.choice(LENGTHS)
    if rng.random() < 0.3 and len(content) >= at + size:
        number = struct.unpack_from(order + kind, content, at)[0] + rng.choice((-1, 1))
    new = struct.pack(order + kind, number % 2 ** (8 * size))
    return content[:at] + new + content[at + size :]


def _splice(rng: random.Random, content: bytes, others: list[bytes]) -> bytes:
    """The beginning of one file and the end of another."""
    other = rng.choice(others or [content])
    return content[: _place(rng, len(content) + 1)] + other[_place(rng, len(other) + 1) :]


def _swap(rng: random.Random, content: bytes, others: list[bytes]) -> bytes:
    a, b = sorted((_place(rng, len(content) + 1), _place(rng, len(content) + 1)))
    return content[:a] + content[b:] + content[a:b]


def _place(rng: random.Random, size: int) -> int:
    """A place, more often near the beginning or the end, where the headers are."""
    if size <= 0:
        return 0
    if rng.random() < 0.4:
        return min(rng.randrange(64), size - 1)
    if rng.random() < 0.2:
        return max(0, size - 1 - rng.randrange(64))
    return rng.randrange(size)


def _piece(rng: random.Random, content: bytes) -> bytes:
    at = _place(rng, len(content) + 1)
    return content[at : at + rng.randrange(1, 200)]


KINDS = (_flip, _flip, _set, _truncate, _insert, _delete, _length, _length, _splice, _swap)


class Raw(str):
    """Text that is written into JSON as it is."""


DEEP = 20_000
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, 1e308, 0.5, "", "x", "\0", "é" * 50, [], {},
    [None], {"": None}, [[]], {"class_name": "Dense", "config": {}}, Raw("Infinity"), Raw("NaN"),
    Raw("-Infinity"), Raw("1" + "0" * 400), Raw("1e999"), Raw("[" * DEEP + "]" * DEEP),
    Raw('{"a":' * DEEP + "1" + "}" * DEEP), Raw("1" * 5000), [1] * 2000, -(2**63), 200_000_000,
)  # fmt: skip


def altered(rng: random.Random, value: Any) -> Any:
    """A JSON value in which something is another value, missing, doubled, or renamed."""
    value = json.loads(json.dumps(value))
    places: list[tuple[Any, Any]] = []
    pending = [value]
    while pending:
        one = pending.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one))
        for key in keys:
            places.append((one, key))
            if isinstance(one[key], (dict, list)):
                pending.append(one[key])
    if not places:
        return rng.choice(VALUES)
    for _ in range(rng.choice((1, 1, 2))):
        inside, key = rng.choice(places)
        try:
            _alter(rng, inside, key, [holder[k] for holder, k in places if _has(holder, k)])
        except (KeyError, IndexError):
            continue  # the second change lies in what the first one took out
    return value


def _has(holder: Any, key: Any) -> bool:
    return key in holder if isinstance(holder, dict) else key < len(holder)


def _alter(rng: random.Random, inside: Any, key: Any, values: list[Any]) -> None:
    way = rng.randrange(7)
    if way == 0:
        del inside[key]
    elif way == 1 and isinstance(inside, dict):
        inside[f"{key}x"] = inside.pop(key)
    elif way == 2 and isinstance(inside, list):
        inside.append(inside[key])
    elif way == 3:
        inside[key] = json.loads(json.dumps(rng.choice(values), default=str))
    elif way == 4 and isinstance(inside[key], (int, float)):
        inside[key] = inside[key] + rng.choice((-1, 1, 1000, 2**31))
    else:
        inside[key] = rng.choice(VALUES)


def written(value: Any) -> str:
    """JSON with `Raw` texts as they are."""
    marks: list[str] = []

    def marked(one: Any) -> Any:
        if isinstance(one, Raw):
            marks.append(one)
            return f"\x01{len(marks) - 1}\x01"
        if isinstance(one, dict):
            return {k: marked(v) for k, v in one.items()}
        return [marked(v) for v in one] if isinstance(one, list) else one

    text = json.dumps(marked(value))
    for number, raw in enumerate(marks):
        text = text.replace(f'"\\u0001{number}\\u0001"', raw)
    return text
