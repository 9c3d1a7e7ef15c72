"""Images that want too much memory or time, and damaged ones."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from damage import SANITIZED, damaged, megabytes
from data_files import encoded, pixels, two_classes, write_tree
from PIL import Image

from fastconv.datasets import _decode, _file_tree, load_images
from fastconv.datasets._decode import OtherFormatError, UnreadableError, decode, look
from fastconv.datasets._image_format import ImageFormat
from fastconv.utils import load_img


def png(height, width, length=0):
    """The header of a PNG file of any size, and `length` bytes more."""
    content = bytearray(encoded(pixels(4, 4)))
    content[16:24] = struct.pack(">II", width, height)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    return bytes(content) + bytes(length)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(("height", "width"), [(13_000, 13_000), (4097, 4096)])
def test_an_image_too_large_for_its_file(height, width):
    content = png(height, width)
    for read in (look, lambda content: decode(content, ImageFormat(8, 8, "rgb", "bilinear"))):
        with pytest.raises(UnreadableError, match=f"announces {width}×{height} pixels; from"):
            read(content)
    assert look(png(height, width, 30_000)) == (height, width, False)
    assert look(png(4096, 4096)) == (4096, 4096, False)


def test_a_plain_jpeg_file_is_held_to_the_same_limit():
    content = bytearray(encoded(pixels(8, 8), "JPEG"))
    place = content.index(b"\xff\xc0") + 5
    content[place : place + 4] = struct.pack(">HH", 9000, 9000)
    taken, said = megabytes(
        "def run():\n"
        "    try: _decode.decode_plain(sys.stdin.buffer.read(), 9000, 9000, 3)\n"
        "    except _decode.UnreadableError as error: print(error)",
        stdin=bytes(content),
    )
    assert "announces 9000×9000 pixels" in said
    assert taken < 20


def test_edges_around_a_line():
    content = encoded(pixels(1, 20_000, 1))
    with pytest.raises(
        UnreadableError, match=r"would take 20000×.* pixels with its edges; at most"
    ):
        decode(content, ImageFormat(8, 8, "rgb", "bilinear", keep="pad"))
    assert decode(content, ImageFormat(8, 8, "rgb", "bilinear", keep="crop")).shape == (8, 8, 3)
    wide = encoded(pixels(64, 4000, 1))
    assert decode(wide, ImageFormat(8, 8, "rgb", "bilinear", keep="pad")).shape == (8, 8, 3)


def test_scans_without_end():
    content = encoded(pixels(16, 16), "JPEG", progressive=True)
    scan = content.index(b"\xff\xda")
    content = content[:scan] + 501 * content[scan:-2] + content[-2:]
    for target in (ImageFormat(16, 16, "rgb"), ImageFormat(8, 8, "rgb", "bilinear")):
        with pytest.raises(UnreadableError, match="more than 500 scans"):
            decode(content, target)


def test_other_kinds_of_images_are_not_opened():
    buffer = io.BytesIO()
    Image.fromarray(pixels(8, 8)).save(buffer, "EPS")  # drawn by Ghostscript, another program
    with pytest.raises(UnreadableError, match="is no image of a known kind: BMP, GIF, JPEG"):
        look(buffer.getvalue())


@pytest.mark.skipif(SANITIZED, reason="AddressSanitizer takes memory of its own")
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "I;16"])
def test_a_large_image_takes_three_times_its_pixels(tmp_path, mode):
    path = tmp_path / "a.png"
    Image.new(mode, (5000, 5000), 7).save(path)
    program = (
        "from fastconv.datasets._image_format import ImageFormat\n"
        "def run(): _decode.decode(open(sys.argv[1], 'rb').read(), ImageFormat(5000, 5000, 'rgb'))"
    )
    taken, _ = megabytes(program, path)
    assert taken < 3 * 75


def test_strips_of_a_large_image(monkeypatch):
    monkeypatch.setattr(_decode, "_CHUNK_BYTES", 500)
    for kind in ("PNG", "JPEG"):
        content = encoded(pixels(40, 30), kind)
        expected = np.asarray(Image.open(io.BytesIO(content)))
        np.testing.assert_array_equal(decode(content, ImageFormat(40, 30, "rgb")), expected)


def test_a_file_that_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(_file_tree, "_LARGEST_FILE", 1000)
    path = write_tree(tmp_path / "pets", two_classes())
    os.truncate(path / "cat/1.png", 1001)
    with pytest.warns(UserWarning, match=r"cat/1\.png \(must take at most 1000 bytes; received"):
        assert len(load_images(path, cache=False).x_train) == 5


KINDS = {
    "PNG": {},
    "JPEG": {},
    "GIF": {},
    "BMP": {},
    "PPM": {},
    "TIFF": {"compression": "tiff_lzw"},
    "WEBP": {"lossless": True},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore")
def test_damaged_images(kind):
    exif = Image.Exif()
    exif[0x0112] = 6
    options = KINDS[kind] | ({} if kind in ("GIF", "BMP", "PPM") else {"exif": exif})
    targets = [ImageFormat(9, 7, "rgb"), ImageFormat(4, 4, "rgba", "lanczos", keep="pad")]
    for version in damaged(encoded(pixels(9, 7), kind, **options), 200):
        for target in targets:
            try:
                assert decode(version, target).shape == target.shape
                look(version)
            except (UnreadableError, OtherFormatError):
                continue


def test_a_single_image_is_held_to_the_same_limits(tmp_path):
    path = tmp_path / "a.png"
    whole = encoded(pixels(40, 40))
    for content, said in (
        (png(5000, 5000), "announces 5000×5000 pixels; from"),
        (whole[: len(whole) // 2], "truncated"),
        (b"", "is no image of a known kind: BMP, GIF, JPEG"),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=rf"load_img: .*a\.png: is an unreadable .*{said}"):
            load_img(path)
    path.write_bytes(whole)
    assert load_img(path).size == (40, 40)


@pytest.mark.parametrize("size", [(20_000, 20_000), (1, 2**31), (2**31 - 1, 2**31 - 1)])
def test_a_target_size_beyond_what_an_image_may_have(tmp_path, size):
    Image.new("RGB", (2, 2)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"^load_img: target_size must "):
        load_img(tmp_path / "a.png", target_size=size)
