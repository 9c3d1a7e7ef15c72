"""Files of named arrays with a description: safetensors, with a checksum over everything.

The description is a dictionary of JSON values in the file's metadata. A file never holds code.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fastconv._version import __version__
from fastconv.models.files.description import json_text, json_value
from fastconv.utils.files import write_atomically
from fastconv.utils.json_bounds import check_json_memory

FORMAT = "fastconv 1"
_KINDS = {"<f4": "F32"}
_LONGEST_HEADER = 100_000_000  # bytes; safetensors' own limit


def write_tensors(
    path: str | os.PathLike[str],
    tensors: Mapping[str, np.ndarray],
    description: Mapping[str, Any],
) -> None:
    """Write the file, atomically.

    Parameters
    ----------
    path : path
    tensors : dict of float32 arrays
    description : dict of JSON values

    Raises
    ------
    TypeError, ValueError
        If the description holds anything but JSON values, or so many that `read_tensors` would
        refuse the file; nothing is written.
    """
    arrays = {name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}
    text = {key: json_text(value) for key, value in description.items()}
    metadata = {
        "format": FORMAT,
        "version": __version__,
        **text,
        "crc32": f"{_checksum(arrays, text):08x}",
    }
    header = _header(arrays, metadata)
    size = len(header) + sum(array.nbytes for array in arrays.values())
    check_json_memory(header, size, f"{os.fspath(path)}: the file's description")
    write_atomically(path, [header, *(_raw(arrays[name]) for name in arrays)])


def read_tensors(
    path: str | os.PathLike[str], *, own: bool = True
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read and check a file: (tensors, description).

    Parameters
    ----------
    path : path
    own : bool
        Whether the file must be from `write_tensors`; otherwise any safetensors file will do, and
        its description is empty.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is truncated, damaged or of another format, or its description would take far
        more memory than the file; the message names it and the problem.
    """
    from safetensors import SafetensorError, safe_open

    name = os.fspath(path)
    if not Path(name).is_file():
        raise FileNotFoundError(f"{name}: there is no such file")
    _check_header(name)
    try:
        with safe_open(name, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, TypeError, UnicodeDecodeError, AttributeError) as error:
        raise ValueError(
            f"{name}: the file is damaged, truncated, or no safetensors file ({error})"
        ) from error
    if metadata.get("format") != FORMAT:
        if own or "crc32" in metadata:
            raise ValueError(
                f"{name}: the file must be of the format {FORMAT!r}; "
                f"received {metadata.get('format')!r}"
            )
        return tensors, {}
    text = {k: v for k, v in metadata.items() if k not in ("format", "version", "crc32")}
    if metadata.get("crc32") != f"{_checksum(tensors, text):08x}":
        raise ValueError(f"{name}: the file is damaged: its contents differ from their checksum")
    try:
        return tensors, {key: json_value(value) for key, value in text.items()}
    except ValueError as error:
        raise ValueError(f"{name}: the file is damaged: {error}") from error


def _check_header(name: str) -> None:
    """Refuse a header of many small values before any of them is made."""
    with open(name, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        length = int.from_bytes(file.read(8), "little")
        if length <= min(size, _LONGEST_HEADER):  # a longer one is refused by safetensors
            check_json_memory(file.read(length), size, f"{name}: the file's description")


def _header(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> bytes:
    """The safetensors header. It is written here because the library's order of entries varies, and
    equal models must give equal files."""
    entries: dict[str, Any] = {"__metadata__": metadata}
    end = 0
    for name, array in arrays.items():
        start, end = end, end + array.nbytes
        kind = _KINDS[array.dtype.str]
        entries[name] = {"dtype": kind, "shape": array.shape, "data_offsets": [start, end]}
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _raw(array: np.ndarray) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


def _checksum(tensors: Mapping[str, np.ndarray], text: Mapping[str, str]) -> int:
    """CRC-32 over every name, dtype, shape, value and text, in the order of the names."""
    crc = 0
    for key in sorted(text):
        for part in (key, "=", text[key], "\n"):  # apart: a text may be as long as a file
            crc = zlib.crc32(part.encode(), crc)
    for name in sorted(tensors):
        array = tensors[name]
        crc = zlib.crc32(f"{name} {array.dtype.str} {array.shape}\n".encode(), crc)
        crc = zlib.crc32(_raw(array), crc)
    return crc
