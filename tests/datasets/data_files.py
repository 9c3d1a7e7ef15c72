"""Small files for the tests: images, folders and archives of them, IDX arrays."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def pixels(height: int, width: int, channels: int = 3, start: int = 0) -> np.ndarray:
    """Different in every place: a prime period shows swapped rows and channels."""
    count = height * width * channels
    shape = (height, width) if channels == 1 else (height, width, channels)
    return ((np.arange(count) * 7 + start * 31) % 251).astype(np.uint8).reshape(shape)


def encoded(array: np.ndarray, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, kind, **options)
    return buffer.getvalue()


def write_tree(root: Path, tree: dict[str, bytes]) -> Path:
    for name, content in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def write_zip(path: Path, tree: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in tree.items():
            archive.writestr(name, content)
    return path


def two_classes(
    height: int = 6, width: int = 5, channels: int = 3, each: int = 3
) -> dict[str, bytes]:
    """``cat/0.png`` … and ``dog/0.png`` …, every image another one."""
    return {
        f"{name}/{i}.png": encoded(pixels(height, width, channels, start=10 * label + i))
        for label, name in enumerate(("cat", "dog"))
        for i in range(each)
    }


def idx(array: np.ndarray, kind: int = 0x08) -> bytes:
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, kind, array.ndim, *array.shape)
    return header + array.tobytes()
