"""Every loader takes at most three times what its file holds and announces, and 32 MiB.

The peak of a child's resident memory is measured, beyond what it takes after its imports.
"""

import gzip
import io
import json
import pickle
import re
import struct
import tarfile
import zipfile
import zlib

import numpy as np
import pytest
from damage import megabytes
from data_files import encoded, pixels, write_tree, write_zip

from fastconv import layers
from fastconv.models import Sequential

MIB = 1 << 20
SLACK = 32

IMPORTS = """
import os
os.environ["FASTCONV_CACHE"] = sys.argv[1] + "-cache"
from fastconv.cli import history
from fastconv.models import Sequential, load_model
from fastconv import layers
def model():
    made = Sequential([layers.Input((1024,)), layers.Dense(3000)], seed=1)
    made.compile("adam", "mse")
    return made
place = sys.argv[1]
"""


def a_model(path):
    """Weights of 12 MB, and with an optimizer's state twice as much more."""
    made = Sequential([layers.Input((1024,)), layers.Dense(3000)], seed=1)
    made.compile("adam", "mse")
    made.train_on_batch(np.zeros((1, 1024), np.float32), np.zeros((1, 3000), np.float32))
    made.save(path)
    return path.stat().st_size


def a_description(text):
    """A file of a description alone, its checksum right."""

    def make(path):
        crc = zlib.crc32(f"model={text}\n".encode())
        metadata = {"format": "fastconv 1", "version": "1", "model": text, "crc32": f"{crc:08x}"}
        header = json.dumps({"__metadata__": metadata}).encode()
        path.write_bytes(len(header).to_bytes(8, "little") + header)
        return path.stat().st_size

    return make


def many_tensors(path):
    """A hundred thousand tensors without an element."""
    entry = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    header = json.dumps({str(i): entry for i in range(100_000)}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    return path.stat().st_size


def an_idx(compress):
    def make(path):
        array = np.zeros((30, 1000, 1000), np.uint8)
        content = struct.pack(">BBBB3I", 0, 0, 8, 3, *array.shape) + array.tobytes()
        path.write_bytes(gzip.compress(content, 1) if compress else content)
        return array.nbytes

    return make


def a_batch(images=10_000, protocol=2):
    data = np.full((images, 3072), 7, np.uint8)
    names = [b"photograph_%d.png" % i for i in range(images)]
    return pickle.dumps({b"data": data, b"labels": [1] * images, b"filenames": names}, protocol)


def a_pickle(make_content):
    def make(path):
        path.write_bytes(make_content())
        return path.stat().st_size

    return make


def a_cifar(path):
    """The archive, whose arrays take 184 MB."""
    path.mkdir()
    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    content = a_batch()
    with tarfile.open(path / "cifar-10-python.tar.gz", "w:gz", compresslevel=1) as file:
        for name in names:
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return 60_000 * 3073


def images(kind, mode, **options):
    """One large image of each of two classes, of which little is left."""

    def make(path):
        shape = (2400, 2400) if mode in ("L", "P", "I;16") else (2400, 2400, len(mode))
        array = (np.arange(np.prod(shape)) % 251).astype(np.uint8).reshape(shape)
        if mode == "I;16":
            array = array.astype(np.uint16) * 250
        content = encoded(array, kind, **options)
        write_tree(path, {f"{name}/1.{kind.lower()}": content for name in ("cat", "dog")})
        return 2 * (len(content) + array.nbytes)

    return make


def small_images(path):
    """Twenty thousand pictures of 16 x 16."""
    tree = {f"{i % 2}/{i}.png": encoded(pixels(16, 16, start=i)) for i in range(20_000)}
    write_zip(path, tree)
    return path.stat().st_size + 20_000 * 16 * 16 * 3


def stored_zeros(path):
    """Members that hold a tenth of what they inflate to."""
    tree = {f"{i % 2}/{i}.bmp": encoded(pixels(300, 300, start=i), "BMP") for i in range(100)}
    write_zip(path, tree, zipfile.ZIP_DEFLATED)
    return path.stat().st_size + 100 * 300 * 300 * 3


def a_history(path):
    lines = (f"{i},0.5,0.25,0.75,0.5,0.001,1" for i in range(1, 300_000))
    path.write_text("epoch,training_loss,a,b,c,d,seconds\n" + "\n".join(lines))
    return path.stat().st_size


def a_line_of_commas(path):
    path.write_text("epoch,seconds\n" + "," * (20 * MIB))
    return path.stat().st_size


LOAD = "def run(): load_model(place)"
LOAD_IMAGES = "def run(): directory.load_images(place, image_size=2400, cache=False, verbose=False)"
LOADERS = {
    "model": (a_model, LOAD),
    "weights": (a_model, "made = model()\ndef run(): made.load_weights(place)"),
    "lists": (a_description("[" + "[]," * (4 * MIB) + "[]]"), LOAD),
    "dictionaries": (a_description("[" + "{}," * (4 * MIB) + "{}]"), LOAD),
    "numbers": (a_description("[" + "0.5," * (4 * MIB) + "0]"), LOAD),
    "text": (a_description('"' + "a" * (16 * MIB) + '"'), LOAD),
    "tensors": (many_tensors, LOAD),
    "idx": (an_idx(False), "def run(): _idx.read_idx(Path(place), 3)"),
    "idx.gz": (an_idx(True), "def run(): _idx.read_idx(Path(place), 3)"),
    "batch": (
        a_pickle(a_batch),
        "content = Path(place).read_bytes()\ndef run(): _cifar_pickle.read_batch(content, '')",
    ),
    "batch of protocol 0": (
        a_pickle(lambda: a_batch(protocol=0)),
        "content = Path(place).read_bytes()\ndef run(): _cifar_pickle.read_batch(content, '')",
    ),
    "batch of dictionaries": (
        a_pickle(lambda: b"\x80\x02(" + b"}" * 199_990 + b"l."),
        "content = Path(place).read_bytes()\ndef run(): _cifar_pickle.read_batch(content, '')",
    ),
    "cifar": (a_cifar, "os.environ['FASTCONV_DATA'] = place\ndef run(): cifar10.load_data()"),
    "png": (images("PNG", "RGB", compress_level=1), LOAD_IMAGES),
    "png, grey": (images("PNG", "L", compress_level=1), LOAD_IMAGES),
    "png, 16 bits": (images("PNG", "I;16", compress_level=1), LOAD_IMAGES),
    "png with alpha": (images("PNG", "RGBA", compress_level=1), LOAD_IMAGES),
    "jpeg": (images("JPEG", "RGB"), LOAD_IMAGES),
    "bmp": (images("BMP", "RGB"), LOAD_IMAGES),
    "tiff": (images("TIFF", "RGB"), LOAD_IMAGES),
    "pgm": (images("PPM", "L"), LOAD_IMAGES),
    "zip of small images": (small_images, "def run(): directory.load_images(place, verbose=False)"),
    "zip of photographs": (stored_zeros, "def run(): directory.load_images(place, verbose=False)"),
    "cache": (
        small_images,
        "directory.load_images(place, verbose=False)\n"
        "Path('/proc/self/clear_refs').write_text('5')  # the peak begins anew\n"
        "def run(): directory.load_images(place, verbose=False)",
    ),
    "history": (a_history, "def run(): history.read_seconds(Path(place))"),
    "history of one line": (a_line_of_commas, "def run(): history.read_seconds(Path(place))"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LOADERS)
def test_memory(name, tmp_path):
    make, program = LOADERS[name]
    path = tmp_path / re.sub(r"\W", "_", name)
    declared = make(path)
    taken, _ = megabytes(IMPORTS + program, path)
    assert taken <= 3 * declared / MIB + SLACK
    print(f"{name}: {declared / MIB:.1f} MiB declared, {taken} MiB taken")
