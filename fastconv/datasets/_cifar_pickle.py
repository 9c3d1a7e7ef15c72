"""CIFAR-10's own archive holds pickles; this reads them without unpickling.

An unpickler imports what the file names, calls it and fills it with what the file says. Here a
small stack machine carries out the opcodes that a dictionary of byte strings, integers, lists and
an array needs. The few names such a file contains become stand-ins; every other name, and every
other opcode, is refused. No length is believed before as many bytes are there, and nothing that
the machine makes is larger than the file.

Source of the opcodes: Python's `pickletools`, which describes each of them.
"""

from __future__ import annotations

import codecs
import pickle  # for the opcodes' names
import re
from collections.abc import Callable
from enum import Enum
from math import prod
from typing import Any

import numpy as np

_MOST_OPCODES = 200_000  # a batch of 10,000 images with their names takes 120,000 in protocol 0
_LONGEST_INTEGER = 24  # characters in decimal


class _RefusedError(ValueError):
    """Something that no CIFAR-10 batch holds, or a damaged pickle."""


class _Name(Enum):
    """What stands for the functions and classes that a batch may name."""

    RECONSTRUCT = "an empty array, whose state follows"
    NDARRAY = "the class of that array"
    DTYPE = "the type of its elements"
    ENCODE = "a text to bytes: so Python 3 writes byte strings into old protocols"


_NAMES = {
    ("numpy.core.multiarray", "_reconstruct"): _Name.RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _Name.RECONSTRUCT,
    ("numpy", "ndarray"): _Name.NDARRAY,
    ("numpy", "dtype"): _Name.DTYPE,
    ("_codecs", "encode"): _Name.ENCODE,
}


class _DType:
    """Stands for a NumPy type; its state, byte order and the like, says nothing of a byte."""

    def __init__(self, is_uint8: bool) -> None:
        self.is_uint8 = is_uint8


class _Array:
    """Stands for an array; `content` stays None unless it holds uint8."""

    def __init__(self) -> None:
        self.content: np.ndarray | None = None

    def fill(self, state: Any) -> None:
        """Take the state (version, shape, dtype, whether in Fortran's order, bytes)."""
        if type(state) is not tuple or len(state) != 5 or not isinstance(state[2], _DType):
            raise _RefusedError("an array's state is damaged")
        _, shape, dtype, fortran, content = state
        if not dtype.is_uint8:
            return
        if (
            type(shape) is not tuple
            or len(shape) > 4
            or not all(type(n) is int and n >= 0 for n in shape)
            or type(content) is not bytes
            or prod(shape) != len(content)
        ):
            raise _RefusedError("an array's shape does not go with its bytes")
        order: Any = "F" if fortran is True else "C"
        self.content = np.frombuffer(content, np.uint8).reshape(shape, order=order)


_MARK = object()  # where the operands of an opcode begin on the stack


class _Machine:
    """The opcodes that are left of the content, the stack and the memo."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at, self._end = 0, len(content)
        self._encoded = 0
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        """The object that the pickle describes."""
        stop = ord(pickle.STOP)
        for _ in range(_MOST_OPCODES):
            at = self._at
            if at >= self._end:
                raise _RefusedError("is truncated; it has no end")
            self._at = at + 1
            opcode = self._content[at]
            step = _STEPS.get(opcode)
            if step is not None:
                step(self)
            elif opcode == stop:
                return self._pop()
            else:
                raise _RefusedError(f"opcode {chr(opcode)!r} is not allowed")
        raise _RefusedError(f"has more than {_MOST_OPCODES} opcodes")

    # Arguments

    def _bytes(self, count: int) -> bytes:
        start = self._at
        end = self._at = start + count
        if not start <= end <= self._end:
            raise _RefusedError(f"is truncated; {count} bytes must follow byte {start}")
        return self._content[start:end]

    def _line(self) -> bytes:
        end = self._content.find(b"\n", self._at)
        if end < 0:
            raise _RefusedError("is truncated in a line")
        line, self._at = self._content[self._at : end], end + 1
        return line

    def _integer(self, size: int, signed: bool = False) -> int:
        return int.from_bytes(self._bytes(size), "little", signed=signed)

    def _counted(self, size: int) -> bytes:
        """Bytes after their number, which is of `size` bytes itself."""
        return self._bytes(self._integer(size))

    def _decimal(self) -> int:
        line = self._line()
        if len(line) > _LONGEST_INTEGER:
            raise _RefusedError("holds too long an integer")
        return int(line.removesuffix(b"L"))

    # Scalars

    def push(self, value: Any) -> None:
        """Put `value` on the stack."""
        self._stack.append(value)

    def push_decimal(self) -> None:
        """A line with a number, in which ``00`` and ``01`` are truth values."""
        truth = {b"00\n": False, b"01\n": True}.get(self._content[self._at : self._at + 3])
        number = self._decimal()
        self.push(number if truth is None else truth)

    def push_long(self, size: int) -> None:
        """A binary integer after its length."""
        content = self._counted(size)
        if len(content) > 8:
            raise _RefusedError("holds too long an integer")
        self.push(int.from_bytes(content, "little", signed=True))

    def push_bytes(self, size: int) -> None:
        """A byte string, or one of Python 2's strings, after its length."""
        self.push(self._counted(size))

    def push_quoted(self) -> None:
        """A line with one of Python 2's strings as its `repr` shows it."""
        line = self._line()
        if len(line) < 2 or line[0] != line[-1] or line[:1] not in (b"'", b'"'):
            raise _RefusedError("holds a string without quotes")
        self.push(codecs.escape_decode(line[1:-1])[0])  # type: ignore[attr-defined]

    def push_text(self, size: int) -> None:
        """A text after its length; what is beyond Latin-1 would take more memory than it has."""
        content = self._counted(size)
        if not content.isascii() and np.frombuffer(content, np.uint8).max() > 0xC3:
            raise _RefusedError("holds a text beyond Latin-1")
        self.push(content.decode("utf-8"))

    def push_text_line(self) -> None:
        """A line with a text."""
        line = self._line()
        if re.search(rb"\\U|\\u(?!00)", line):
            raise _RefusedError("holds a text beyond Latin-1")
        self.push(line.decode("raw-unicode-escape"))

    # The memo

    def put(self, index: int) -> None:
        """Remember the top of the stack."""
        self._memo[index] = self._top()

    def get(self, index: int) -> None:
        """Push what was remembered."""
        if index not in self._memo:
            raise _RefusedError(f"refers to an object {index} that is not there")
        self.push(self._memo[index])

    # Containers

    def push_tuple(self, count: int | None) -> None:
        """A tuple of the upper `count` objects, or of those since the mark."""
        if count is None:
            self.push(tuple(self._since_mark()))
        else:
            items = [self._pop() for _ in range(count)]
            self.push(tuple(reversed(items)))

    def push_list(self) -> None:
        """A list of the objects since the mark."""
        self.push(self._since_mark())

    def push_dict(self) -> None:
        """A dictionary of the keys and values since the mark."""
        items = self._since_mark()
        self.push({})
        self._fill(items)

    def append(self) -> None:
        """One object to a list."""
        item = self._pop()
        self._top_of(list).append(item)

    def append_all(self) -> None:
        """The objects since the mark to a list."""
        items = self._since_mark()
        self._top_of(list).extend(items)

    def set_item(self) -> None:
        """A key and its value into a dictionary."""
        value, key = self._pop(), self._pop()
        self._fill([key, value])

    def set_items(self) -> None:
        """The keys and values since the mark into a dictionary."""
        self._fill(self._since_mark())

    def _fill(self, items: list[Any]) -> None:
        target, keys, values = self._top_of(dict), items[::2], items[1::2]
        if len(keys) != len(values) or not all(type(key) in (bytes, str) for key in keys):
            raise _RefusedError("the keys of a dictionary must be strings")
        target.update(zip(keys, values, strict=True))

    # Arrays

    def push_name(self) -> None:
        """What stands for a name of two lines."""
        module, name = self._line(), self._line()
        self._name(module.decode("latin-1"), name.decode("latin-1"))

    def push_stacked_name(self) -> None:
        """What stands for a name on the stack."""
        name, module = self._pop(), self._pop()
        if type(module) is not str or type(name) is not str:
            raise _RefusedError("a name must be a string")
        self._name(module, name)

    def _name(self, module: str, name: str) -> None:
        if (module, name) not in _NAMES:
            raise _RefusedError(f"{module[:40]}.{name[:40]} is not allowed")
        self.push(_NAMES[module, name])

    def reduce(self) -> None:
        """What a call gives: the beginning of an array, a type, or a byte string."""
        arguments, function = self._pop(), self._pop()
        if type(arguments) is not tuple or len(arguments) not in (2, 3):
            raise _RefusedError("holds a call that is not allowed")
        if function is _Name.RECONSTRUCT and arguments[0] is _Name.NDARRAY:
            self.push(_Array())
        elif function is _Name.DTYPE and type(arguments[0]) in (bytes, str):
            self.push(_DType(arguments[0] in (b"u1", "u1", b"|u1", "|u1")))
        elif function is _Name.ENCODE and type(arguments[0]) is str and arguments[1] == "latin1":
            self._encoded += len(arguments[0])
            if self._encoded > len(self._content):
                raise _RefusedError("makes more bytes than it has")
            self.push(arguments[0].encode("latin-1"))
        else:
            raise _RefusedError("holds a call that is not allowed")

    def build(self) -> None:
        """Give an array or its type the state that is on the stack."""
        state, target = self._pop(), self._top()
        if isinstance(target, _Array):
            target.fill(state)
        elif not isinstance(target, _DType):
            raise _RefusedError("fills an object that is not allowed")

    # The stack

    def _top(self) -> Any:
        if not self._stack or self._stack[-1] is _MARK:
            raise _RefusedError("is damaged; an object is missing")
        return self._stack[-1]

    def _pop(self) -> Any:
        self._top()
        return self._stack.pop()

    def _top_of(self, kind: type) -> Any:
        if type(self._top()) is not kind:
            raise _RefusedError(f"adds to an object that is no {kind.__name__}")
        return self._stack[-1]

    def _since_mark(self) -> list[Any]:
        for at in range(len(self._stack) - 1, -1, -1):
            if self._stack[at] is _MARK:
                items = self._stack[at + 1 :]
                del self._stack[at:]
                return items
        raise _RefusedError("is damaged; a mark is missing")


_OPCODES: dict[bytes, Callable[[_Machine], object]] = {
    pickle.PROTO: lambda m: m._bytes(1),
    pickle.FRAME: lambda m: m._bytes(8),
    pickle.MARK: lambda m: m.push(_MARK),
    pickle.NONE: lambda m: m.push(None),
    pickle.NEWTRUE: lambda m: m.push(True),
    pickle.NEWFALSE: lambda m: m.push(False),
    pickle.INT: _Machine.push_decimal,
    pickle.LONG: lambda m: m.push(m._decimal()),
    pickle.BININT: lambda m: m.push(m._integer(4, signed=True)),
    pickle.BININT1: lambda m: m.push(m._integer(1)),
    pickle.BININT2: lambda m: m.push(m._integer(2)),
    pickle.LONG1: lambda m: m.push_long(1),
    pickle.LONG4: lambda m: m.push_long(4),
    pickle.STRING: _Machine.push_quoted,
    pickle.BINSTRING: lambda m: m.push_bytes(4),
    pickle.SHORT_BINSTRING: lambda m: m.push_bytes(1),
    pickle.BINBYTES: lambda m: m.push_bytes(4),
    pickle.SHORT_BINBYTES: lambda m: m.push_bytes(1),
    pickle.BINBYTES8: lambda m: m.push_bytes(8),
    pickle.UNICODE: _Machine.push_text_line,
    pickle.BINUNICODE: lambda m: m.push_text(4),
    pickle.SHORT_BINUNICODE: lambda m: m.push_text(1),
    pickle.BINUNICODE8: lambda m: m.push_text(8),
    pickle.PUT: lambda m: m.put(m._decimal()),
    pickle.BINPUT: lambda m: m.put(m._integer(1)),
    pickle.LONG_BINPUT: lambda m: m.put(m._integer(4)),
    pickle.MEMOIZE: lambda m: m.put(len(m._memo)),
    pickle.GET: lambda m: m.get(m._decimal()),
    pickle.BINGET: lambda m: m.get(m._integer(1)),
    pickle.LONG_BINGET: lambda m: m.get(m._integer(4)),
    pickle.EMPTY_TUPLE: lambda m: m.push_tuple(0),
    pickle.TUPLE1: lambda m: m.push_tuple(1),
    pickle.TUPLE2: lambda m: m.push_tuple(2),
    pickle.TUPLE3: lambda m: m.push_tuple(3),
    pickle.TUPLE: lambda m: m.push_tuple(None),
    pickle.EMPTY_LIST: lambda m: m.push([]),
    pickle.LIST: _Machine.push_list,
    pickle.APPEND: _Machine.append,
    pickle.APPENDS: _Machine.append_all,
    pickle.EMPTY_DICT: lambda m: m.push({}),
    pickle.DICT: _Machine.push_dict,
    pickle.SETITEM: _Machine.set_item,
    pickle.SETITEMS: _Machine.set_items,
    pickle.GLOBAL: _Machine.push_name,
    pickle.STACK_GLOBAL: _Machine.push_stacked_name,
    pickle.REDUCE: _Machine.reduce,
    pickle.BUILD: _Machine.build,
}
_STEPS = {ord(opcode): step for opcode, step in _OPCODES.items()}


def read_batch(content: bytes, source: str) -> tuple[np.ndarray, np.ndarray]:
    """Return ``(pixels, labels)``, uint8 ``(n, 3072)`` and ``(n,)``, of one batch file.

    Raises
    ------
    ValueError
        When the content is damaged, names anything but arrays and byte strings, or holds
        something else than a CIFAR-10 batch; begins with `source`.
    """
    try:
        batch = _Machine(content).run()
    except ValueError as error:
        raise ValueError(f"{source}: is not a readable CIFAR-10 batch ({error})") from error
    if type(batch) is not dict:
        raise ValueError(f"{source}: must hold a dictionary; received {type(batch).__name__}")
    data, labels = batch.get(b"data"), batch.get(b"labels")
    pixels = data.content if isinstance(data, _Array) else None
    if pixels is None or pixels.ndim != 2 or pixels.shape[1] != 3072:
        raise ValueError(f"{source}: b'data' must be uint8 (n, 3072)")
    if (
        type(labels) is not list
        or len(labels) != len(pixels)
        or not all(type(label) is int and 0 <= label <= 9 for label in labels)
    ):
        raise ValueError(f"{source}: b'labels' must be {len(pixels)} integers 0..9")
    return pixels, np.array(labels, np.uint8)
