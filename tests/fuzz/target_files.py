"""Mutated files for every loader.

Every loader is given a file of its own kind that was written with the package from small data and
then damaged. It may give the same data (where a checksum covers them), or its documented exception,
which names the file; the image cache warns and makes the entry again.

Readers below the public surface (of an IDX file, a CIFAR pickle, a history) are found by name in
their subpackage, wherever they stand; the public loaders around them want tens of megabytes.
"""

from __future__ import annotations

import contextlib
import gzip
import importlib
import io
import json
import os
import pickle
import pkgutil
import random
import shutil
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from driver import WrongOutcome
from mutations import altered, damaged, written

BOMB = 300 << 20
"""What a few bytes of the files that are bombs inflate to."""


def make_target(name: str, scratch: Path) -> Files:
    """The target of the loader `name`."""
    return LOADERS[name](scratch)


class Files:
    """Files of one kind: `pristine`, and how they are damaged and loaded."""

    errors: tuple[type[BaseException], ...] = (ValueError,)
    """Documented; the text must name the file."""
    shares = ("bytes",)
    """The ways to damage a file, more of them where one is to come more often."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.pristine: list[bytes] = []
        self.prepare()

    def prepare(self) -> None:
        """Write the pristine files."""

    def load(self, path: Path) -> Any:
        """Load a file; what comes out is compared by `same`."""

    def same(self, loaded: Any, way: str) -> str | None:
        """What is wrong about what a damaged file gave, or None."""
        return None

    def place(self) -> Path:
        """Where the damaged file goes."""
        return self.scratch / "damaged"

    def draw(self, rng: random.Random) -> FileCase:
        """A damaged file."""
        way = rng.choice(self.shares)
        content = self.damage(rng, way)
        return FileCase(self, way, content)

    def damage(self, rng: random.Random, way: str) -> bytes:
        """Something that is nearly a file of this kind."""
        return damaged(rng, rng.choice(self.pristine), self.pristine)

    def names(self, path: Path, text: str) -> bool:
        """Whether an error names the file."""
        return path.name in text


class FileCase:
    """One damaged file."""

    large = False

    def __init__(self, files: Files, way: str, content: bytes) -> None:
        self.files, self.way, self.content = files, way, content
        self.name = f"{type(files).__name__.lower()} ({way})"
        self.outcome = "same"
        shown = content[:160].decode("latin1")
        self.text = f"{len(content)} bytes {zlib.crc32(content):08x}: {shown!a}"

    def run(self) -> None:
        """Write it and load it."""
        path = self.files.place()
        path.write_bytes(self.content)
        self.judge(path)

    def judge(self, path: Path) -> None:
        """Load the file, and look at what happens."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                loaded = self.files.load(path)
            except self.files.errors as error:
                self.outcome = "refused"
                if not self.files.names(path, str(error)):
                    raise WrongOutcome(
                        "exception without the file's name",
                        f"{type(error).__name__}: {error}"[:400],
                    ) from None
                return
            except WrongOutcome:
                raise
            except MemoryError as error:
                raise WrongOutcome("MemoryError", str(error)[:200]) from None
            except Exception as error:
                detail = " ".join(str(error).split())[:200]
                raise WrongOutcome(f"exception {type(error).__name__}", detail) from None
            wrong = self.files.same(loaded, self.way)
            if wrong:
                raise WrongOutcome("wrong data", wrong)


def somewhere(package: str, name: str) -> Callable[..., Any]:
    """The function `name` of a module of `package`, whichever that is."""
    root = importlib.import_module(package)
    for info in pkgutil.walk_packages(root.__path__, f"{package}."):
        if hasattr(module := importlib.import_module(info.name), name):
            return getattr(module, name)
    raise AttributeError(f"no module of {package} has {name}")


# safetensors files ------------------------------------------------------------------------------


def opened(content: bytes) -> tuple[dict[str, Any], bytes]:
    """The header and the data of a safetensors file."""
    size = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + size]), content[8 + size :]


def sealed(header: dict[str, Any], data: bytes, checksum: bool = True) -> bytes:
    """A safetensors file whose checksum fits what it holds."""
    metadata = header.get("__metadata__")
    if checksum and isinstance(metadata, dict):
        crc = 0
        text = {k: v for k, v in metadata.items() if k not in ("format", "version", "crc32")}
        for key in sorted(text):
            crc = zlib.crc32(f"{key}={text[key]}\n".encode(), crc)
        for name in sorted(name for name in header if name != "__metadata__"):
            entry = header[name]
            with contextlib.suppress(KeyError, TypeError, ValueError, IndexError):
                start, end = entry["data_offsets"]
                kind = {"F32": "<f4", "F64": "<f8", "I64": "<i8"}[entry["dtype"]]
                crc = zlib.crc32(f"{name} {kind} {tuple(entry['shape'])}\n".encode(), crc)
                crc = zlib.crc32(data[start:end], crc)
        metadata["crc32"] = f"{crc:08x}"
    text = written(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data


def small_model(epochs: int = 1) -> Any:
    """A model with an optimizer's state and, if it is trained, a history."""
    from fastconv import layers
    from fastconv.models import Sequential

    model = Sequential([
        layers.Input((6, 6, 2)), layers.Conv2D(3, 3, activation="relu"),
        layers.BatchNormalization(), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(4),
    ])  # fmt: skip
    model.compile("adam", "mse", metrics=["mae"])
    if not epochs:
        return model
    source = np.random.default_rng(5)
    x = source.normal(size=(8, 6, 6, 2)).astype(np.float32)
    y = source.normal(size=(8, 4)).astype(np.float32)
    model.fit(x, y, batch_size=4, epochs=epochs, verbose=0)
    return model


class Model(Files):
    """`fastconv.models.load_model`."""

    errors = (ValueError, FileNotFoundError)
    shares = ("bytes", "header", "description", "description", "description")

    def prepare(self) -> None:
        self.model = small_model()
        path = self.scratch / "model.safetensors"
        self.model.save(path)
        self.model.save_weights(self.scratch / "weights.safetensors")
        self.pristine = [path.read_bytes()]
        self.others = [*self.pristine, (self.scratch / "weights.safetensors").read_bytes()]
        self.weights = [np.array(w) for w in self.model.get_weights()]

    def damage(self, rng: random.Random, way: str) -> bytes:
        content = rng.choice(self.pristine)
        header, data = opened(content)
        if way == "header":
            return sealed(altered(rng, header), data, rng.random() < 0.5)
        if way == "description":
            metadata = header["__metadata__"]
            keys = [key for key in metadata if key not in ("format", "version", "crc32")]
            if keys:
                key = rng.choice(keys)
                metadata[key] = written(altered(rng, json.loads(metadata[key])))
            return sealed(header, data)
        return damaged(rng, content, self.others)

    def load(self, path: Path) -> Any:
        from fastconv.models import load_model

        return load_model(path)

    def same(self, loaded: Any, way: str) -> str | None:
        if way != "bytes":
            return None  # another description under a right checksum is another model
        found = loaded.get_weights()
        if len(found) != len(self.weights) or not all(
            np.array_equal(a, b) for a, b in zip(found, self.weights, strict=True)
        ):
            return "other weights"
        return None


class Weights(Model):
    """`Model.load_weights`."""

    shares = ("bytes", "header", "description")

    def prepare(self) -> None:
        super().prepare()
        self.pristine = [self.others[1], self.others[0]]

    def load(self, path: Path) -> Any:
        self.model.load_weights(path)
        return self.model


class Backup(Model):
    """The callback `BackupAndRestore`, which restores a model before it is trained."""

    def prepare(self) -> None:
        super().prepare()
        self.folder = self.scratch / "backup"
        self.folder.mkdir(exist_ok=True)

    def place(self) -> Path:
        return self.folder / "backup.safetensors"

    def load(self, path: Path) -> Any:
        from fastconv.callbacks import BackupAndRestore

        x, y = np.zeros((4, 6, 6, 2), np.float32), np.zeros((4, 4), np.float32)
        callback = BackupAndRestore(self.folder, delete_checkpoint=False)
        model = small_model(epochs=0)
        model.fit(x, y, epochs=2, batch_size=4, callbacks=[callback], verbose=0)
        return model

    def same(self, loaded: Any, way: str) -> str | None:
        return None


class Checkpoint(Model):
    """``fastconv predict`` on a damaged checkpoint of ``fastconv train``."""

    def prepare(self) -> None:
        from PIL import Image

        from fastconv.cli import main

        image = Image.fromarray(np.arange(32 * 32 * 3, dtype=np.uint8).reshape(32, 32, 3))
        self.image = self.scratch / "image.png"
        image.save(self.image)
        run = self.scratch / "run"
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            status = main(["train", "shapes", "--model", "lenet5", "--epochs", "1", "--limit", "16",
                           "--out", str(run), "--threads", "1"])  # fmt: skip
        if status:
            raise RuntimeError("fastconv train failed")
        self.pristine = [(run / "best.safetensors").read_bytes()]
        self.others = self.pristine
        self.expected = self.load(run / "best.safetensors")

    def load(self, path: Path) -> Any:
        from fastconv.cli import main

        out, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            try:
                status = main(["predict", str(path), str(self.image)])
            except SystemExit as stop:
                status = stop.code
        if status:
            raise ValueError(errors.getvalue())
        return out.getvalue()

    def same(self, loaded: Any, way: str) -> str | None:
        return "another answer" if way == "bytes" and loaded != self.expected else None


# Data sets --------------------------------------------------------------------------------------


class Idx(Files):
    """The reader of IDX files."""

    gz = False

    def prepare(self) -> None:
        self.read = somewhere("fastconv.datasets", "read_idx")
        array = (np.arange(3 * 5 * 4) % 251).astype(np.uint8)
        self.expected = array.reshape(3, 5, 4)
        plain = struct.pack(">BBBB3I", 0, 0, 8, 3, 3, 5, 4) + array.tobytes()
        labels = struct.pack(">BBBBI", 0, 0, 8, 1, 60) + array.tobytes()
        self.pristine = [plain, labels]
        self.plain = plain
        if self.gz:
            self.pristine = [gzip.compress(one, mtime=0) for one in self.pristine]
            self.bomb = gzip.compress(plain + bytes(BOMB), mtime=0)

    def load(self, path: Path) -> Any:
        return self.read(path, 3)

    def same(self, loaded: Any, way: str) -> str | None:
        if loaded.dtype != np.uint8 or loaded.ndim != 3:
            return f"{loaded.dtype}{loaded.shape}"
        return None  # plain bytes have no checksum


class IdxGz(Idx):
    """The same, compressed."""

    gz = True
    shares = ("bytes",) * 60 + ("inside",) * 20 + ("bomb",)

    def damage(self, rng: random.Random, way: str) -> bytes:
        if way == "bomb":
            return self.bomb
        if way == "inside":
            return gzip.compress(damaged(rng, self.plain, [self.plain]), 1, mtime=0)
        return super().damage(rng, way)

    def same(self, loaded: Any, way: str) -> str | None:
        if way == "bytes" and not np.array_equal(loaded, self.expected):
            return f"other numbers, {loaded.shape}"
        return super().same(loaded, way)


def cifar_batch(images: int, protocol: int = 2) -> bytes:
    """A pickle such as CIFAR's archive holds."""
    pixels = (np.arange(images * 3072) % 251).astype(np.uint8).reshape(images, 3072)
    batch = {
        b"data": pixels,
        b"labels": [i % 10 for i in range(images)],
        b"batch_label": b"training batch 1 of 5",
        b"filenames": [b"a.png"] * images,
    }
    return pickle.dumps(batch, protocol)


class Reduced:
    """Pickled as whatever it is told to be."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def __reduce__(self) -> Any:
        return self.parts

    @classmethod
    def array(cls, rng: random.Random) -> Reduced:
        """An array whose state, or whose type's state, is nearly right."""
        kind = rng.choice(("O8", "O8", "u1", "V8", "f4", "U2"))
        number = lambda: rng.choice((-1, 0, 1, 8, 63, 2**31, 2**63, 2**64))  # noqa: E731
        names = rng.choice((None, None, ("a",), ()))
        fields = rng.choice((None, None, {}, {"a": (np.dtype("u1"), number())}))
        state = [
            rng.choice((3, 4, 1)),
            rng.choice("|<>="),
            rng.choice((None, (np.dtype("u1"), (3,)))),
            names,
            fields,
            number(),
            number(),
            rng.choice((0, 0, 63, 1, number())),
        ]
        if rng.random() < 0.2:
            state[rng.randrange(len(state))] = rng.choice((None, "x", b"x", [], 1.5))
        shape = rng.choice(((2, 3072), (2,), (2**40,), (-1, 3072), (2**32, 2**32), (0, 3072)))
        data = rng.choice((bytes(2 * 3072), bytes(2 * 3072 * 8), b"A" * 16, b"", [1, 2], "x"))
        dtype: Any = cls(np.dtype, (kind, False, True), tuple(state))
        if rng.random() < 0.3:
            dtype = np.dtype("u1")
        make = np.zeros(1).__reduce__()[0]
        return cls(make, (np.ndarray, (0,), b"b"), (1, shape, dtype, rng.random() < 0.5, data))


class CifarPickle(Files):
    """The reader of CIFAR's pickles."""

    shares = ("bytes", "bytes", "bytes", "pickled", "state", "state", "build")

    def prepare(self) -> None:
        self.read = somewhere("fastconv.datasets", "read_batch")
        self.pristine = [cifar_batch(2, protocol) for protocol in (0, 2, 3, 4)]
        # Most bytes are pixels; a batch without them has all of the opcodes close together.
        self.pristine += [pickle.dumps({b"data": np.zeros((0, 3072), np.uint8), b"labels": []}, 2)]
        self.others = [pickle.dumps(value, protocol) for protocol in (0, 2, 4) for value in (
            np.dtype("O"), np.zeros(3, "O"), np.zeros(2, [("a", "f4")]), np.ndarray, os.getcwd,
            np.zeros(2, "M8[s]"), {b"data": 1}, [[]], 10**100, b"x" * 300, np.float64(1),
        )]  # fmt: skip

    def damage(self, rng: random.Random, way: str) -> bytes:
        if way == "bytes":
            return damaged(rng, rng.choice(self.pristine), self.others)
        if way == "state":
            return pickle.dumps({b"data": Reduced.array(rng), b"labels": [1, 2]}, 2)
        if way == "build":  # attributes for what the reader itself calls
            module, name = rng.choice((("numpy.core.multiarray", "_reconstruct"),
                                       ("_codecs", "encode"), ("numpy", "dtype"),
                                       ("numpy", "ndarray")))  # fmt: skip
            state = pickle.dumps(rng.choice((
                {"a": 1}, ({}, {"__defaults__": (1,)}), {"__code__": 1}, (None, {"x": 2}), [1], 7,
            )), 2)[2:-1]  # fmt: skip
            length = rng.choice((b"", b"\x96" + struct.pack("<Q", rng.choice((2**30, 2**62)))))
            return b"\x80\x05c" + f"{module}\n{name}\n".encode() + state + b"b" + length + b"."
        kinds = (np.dtype("O"), np.dtype("f4"), np.dtype("u1"), np.dtype([("a", "O")]),
                 np.dtype("V8"), np.dtype("U4"))  # fmt: skip
        array = np.zeros(rng.choice(((2, 3072), (0,), (3, 4), (1, 3072))), rng.choice(kinds))
        batch = {b"data": array, b"labels": rng.choice(([1, 2], [1], [], None, [10**400, 1]))}
        return damaged(rng, pickle.dumps(batch, rng.choice((0, 2, 4))), self.others)

    def load(self, path: Path) -> Any:
        try:
            return self.read(path.read_bytes(), str(path))
        finally:
            functions = vars(importlib.import_module(self.read.__module__)).values()
            changed = [
                f
                for f in functions
                if callable(f)
                and not isinstance(f, type)
                and getattr(f, "__module__", "") == self.read.__module__
                and vars(f)
            ]
            for function in changed:
                vars(function).clear()
            if changed:
                raise WrongOutcome("reached out", f"attributes of {changed[0].__name__}")

    def same(self, loaded: Any, way: str) -> str | None:
        pixels, labels = loaded
        if type(pixels) is not np.ndarray or pixels.dtype != np.uint8 or pixels.ndim != 2:
            return f"pixels {type(pixels).__name__}"
        if labels.dtype != np.uint8 or len(labels) != len(pixels):
            return "labels"
        pixels.sum()  # reads them all
        return None


class CifarArchive(Files):
    """`cifar10.load_data` on archives and folders, of the wrong length at best."""

    errors = (ValueError, FileNotFoundError)
    shares = ("python", "binary", "inside", "python folder", "binary folder") * 12 + ("bomb",)

    def prepare(self) -> None:
        self.data = self.scratch / "data"
        self.data.mkdir(exist_ok=True)
        os.environ["FASTCONV_DATA"] = str(self.data)
        names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
        self.batch = cifar_batch(2)
        self.records = bytes([3]) + bytes(3072) + bytes([9]) + bytes(3072)
        self.trees = {
            "python": {f"cifar-10-batches-py/{name}": self.batch for name in names},
            "binary": {f"cifar-10-batches-bin/{name}.bin": self.records for name in names},
        }
        self.archives = {kind: archive(tree) for kind, tree in self.trees.items()}
        self.bomb = archive({"cifar-10-batches-bin/data_batch_1.bin": bytes(BOMB)})
        self.kind = "python"

    def damage(self, rng: random.Random, way: str) -> bytes:
        self.kind = way
        if way == "bomb":
            return self.bomb
        if way == "inside":  # a tar archive whose compression is whole
            plain = gzip.decompress(self.archives["python"])
            return gzip.compress(damaged(rng, plain, [plain]), 1, mtime=0)
        if way.endswith("folder"):
            whole = self.batch if way.startswith("python") else self.records
            return damaged(rng, whole, [whole])
        return damaged(rng, self.archives[way], list(self.archives.values()))

    def load(self, path: Path) -> Any:
        from fastconv.datasets import cifar10

        shutil.rmtree(self.data)
        self.data.mkdir()
        if self.kind.endswith("folder"):
            tree = self.trees[self.kind.split()[0]]
            for name, content in tree.items():
                place = self.data / name
                place.parent.mkdir(exist_ok=True)
                place.write_bytes(path.read_bytes() if "data_batch_2" in name else content)
        else:
            kind = "binary" if self.kind in ("binary", "bomb") else "python"
            shutil.copyfile(path, self.data / f"cifar-10-{kind}.tar.gz")
        return cifar10.load_data()

    def same(self, loaded: Any, way: str) -> str | None:
        return "a batch of two images was accepted"

    def names(self, path: Path, text: str) -> bool:
        return "cifar-10-" in text


def archive(tree: dict[str, bytes]) -> bytes:
    """A tar.gz archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as file:
        for name, content in tree.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


# Images -----------------------------------------------------------------------------------------


def picture(start: int, kind: str, **options: Any) -> bytes:
    """A small picture as a file."""
    from PIL import Image

    pixels = ((np.arange(8 * 8 * 3) * 7 + start * 31) % 251).astype(np.uint8).reshape(8, 8, 3)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def pictures() -> dict[str, bytes]:
    """Two classes of three pictures."""
    return {f"{name}/{i}.png": picture(10 * label + i, "PNG")
            for label, name in enumerate(("cat", "dog")) for i in range(3)}  # fmt: skip


class Images(Files):
    """`fastconv.datasets.load_images` on a folder with one damaged picture."""

    shares = ("bytes",) * 6 + ("size",)

    def prepare(self) -> None:
        self.root = self.scratch / "images"
        for name, content in pictures().items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_bytes(content)
        self.pristine = [
            picture(1, "PNG"), picture(1, "JPEG"), picture(1, "JPEG", progressive=True, quality=50),
            picture(1, "GIF"), picture(1, "BMP"), picture(1, "TIFF"), picture(1, "WEBP"),
        ]  # fmt: skip
        self.strict = False

    def place(self) -> Path:
        return self.root / "cat" / "damaged.png"

    def damage(self, rng: random.Random, way: str) -> bytes:
        self.strict = rng.random() < 0.5
        if way == "size":  # dimensions that nobody wants, with a right checksum
            png = bytearray(self.pristine[0])
            sides = [rng.choice((0, 1, 7, 9, 3000, 14_000, 60_000, 2**31 - 1, 2**32 - 1))
                     for _ in range(2)]  # fmt: skip
            png[16:24] = struct.pack(">2I", *sides)
            png[29:33] = struct.pack(">I", zlib.crc32(png[12:29]))
            return bytes(png)
        return super().damage(rng, way)

    def load(self, path: Path) -> Any:
        from fastconv.datasets import load_images

        return load_images(self.root, image_size=8, cache=False, strict=self.strict, verbose=False)

    def same(self, loaded: Any, way: str) -> str | None:
        if loaded.x_train.shape[1:] != (8, 8, 3) or len(loaded.x_train) not in (6, 7):
            return f"shape {loaded.x_train.shape}"
        if len(loaded.x_train) == 6 and [name for name, _ in loaded.skipped] != ["cat/damaged.png"]:
            return f"skipped {loaded.skipped}"
        return None

    def names(self, path: Path, text: str) -> bool:
        return str(self.root) in text


class Zip(Images):
    """`load_images` on a damaged archive."""

    shares = ("bytes",) * 40 + ("bomb",)

    def prepare(self) -> None:
        from fastconv.datasets import load_images

        self.strict = False
        self.root = self.scratch / "images.zip"
        self.pristine = []
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2):
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w", method) as file:
                for name, content in pictures().items():
                    file.writestr(zipfile.ZipInfo(name), content, method)
            self.pristine.append(buffer.getvalue())
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
            for name, content in pictures().items():
                file.writestr(name, content)
            file.writestr("dog/bomb.png", bytes(BOMB))
        plain = buffer.getvalue()
        self.bomb = plain.replace(struct.pack("<I", BOMB), struct.pack("<I", 100))
        self.root.write_bytes(self.pristine[0])
        self.expected = load_images(self.root, image_size=8, cache=False).x_train

    def place(self) -> Path:
        return self.root

    def damage(self, rng: random.Random, way: str) -> bytes:
        self.strict = rng.random() < 0.5
        return self.bomb if way == "bomb" else Files.damage(self, rng, way)

    def same(self, loaded: Any, way: str) -> str | None:
        if loaded.x_train.shape[1:] != (8, 8, 3):
            return f"shape {loaded.x_train.shape}"
        known = {image.tobytes() for image in self.expected}
        if not {image.tobytes() for image in loaded.x_train} <= known:
            return "an image that was not in the archive"
        return None


class Cache(Images):
    """The image cache: a damaged entry is made again, with a warning."""

    shares = ("manifest", "manifest", "manifest bytes", "array")

    def prepare(self) -> None:
        super().prepare()
        self.strict = False
        self.cache = Path(os.environ["FASTCONV_CACHE"])
        shutil.rmtree(self.cache, ignore_errors=True)
        self.expected = self.load(self.root).x_train
        self.entry = next(self.cache.rglob("manifest.json")).parent
        self.files = {path.name: path.read_bytes() for path in self.entry.iterdir()}
        self.target = "manifest.json"

    def load(self, path: Path) -> Any:
        from fastconv.datasets import load_images

        return load_images(self.root, image_size=8, verbose=False)

    def place(self) -> Path:
        shutil.rmtree(self.cache, ignore_errors=True)
        self.entry.mkdir(parents=True)
        for name, content in self.files.items():
            (self.entry / name).write_bytes(content)
        return self.entry / self.target

    def damage(self, rng: random.Random, way: str) -> bytes:
        self.target = "manifest.json"
        whole = self.files[self.target]
        if way == "manifest":
            return written(altered(rng, json.loads(whole))).encode()
        if way == "array":
            self.target = rng.choice(sorted(name for name in self.files if name != self.target))
            whole = self.files[self.target]
        return damaged(rng, whole, list(self.files.values()))

    def same(self, loaded: Any, way: str) -> str | None:
        if not np.array_equal(loaded.x_train, self.expected):
            return "other images"
        if loaded.class_names != ("cat", "dog") or loaded.y_train.tolist() != [0, 0, 0, 1, 1, 1]:
            return f"other labels: {loaded.class_names} {loaded.y_train.tolist()}"[:200]
        return None

    def names(self, path: Path, text: str) -> bool:
        return False  # no exception at all is allowed


# history.csv ------------------------------------------------------------------------------------


class History(Files):
    """The reader of ``history.csv``: what it cannot read it leaves out."""

    errors = ()
    shares = ("bytes", "bytes", "fields")

    def prepare(self) -> None:
        self.read = somewhere("fastconv.cli", "read_seconds")
        head = "epoch,training_loss,training_accuracy,test_loss,test_accuracy,learning_rate,seconds"
        lines = [f"{n},0.5,0.25,0.75,0.5,0.001,{n}.250" for n in range(1, 6)]
        self.pristine = ["\n".join([head, *lines, ""]).encode()]

    def damage(self, rng: random.Random, way: str) -> bytes:
        if way == "bytes":
            return super().damage(rng, way)
        lines = [line.split(",") for line in self.pristine[0].decode().splitlines()]
        for _ in range(rng.choice((1, 2))):
            line = rng.choice(lines)
            line[rng.choice((0, -1, rng.randrange(len(line))))] = rng.choice((
                "nan", "inf", "-inf", "-5", "1e400", "9" * 5000, "x" * 140_000, '"', '"' * 3, "",
                "1_0", "\u0663", "0x10", "1e308", "\0", "-1", "0", "99999999999999999999",
            ))  # fmt: skip
        return "\n".join(",".join(line) for line in lines).encode()

    def load(self, path: Path) -> Any:
        return self.read(path)

    def same(self, loaded: Any, way: str) -> str | None:
        for epoch, seconds in loaded.items():
            if not (isinstance(epoch, int) and np.isfinite(seconds)):
                return f"{seconds} seconds in epoch {epoch}"
        return None


LOADERS: dict[str, type[Files]] = {
    "model": Model, "weights": Weights, "checkpoint": Checkpoint, "backup": Backup, "idx": Idx,
    "idx_gz": IdxGz, "cifar_pickle": CifarPickle, "cifar_archive": CifarArchive, "zip": Zip,
    "image": Images, "history": History, "cache": Cache,
}  # fmt: skip
