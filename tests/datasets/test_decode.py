"""One image file to pixels."""

import io

import numpy as np
import pytest
from data_files import encoded, pixels
from PIL import Image

from fastconv.datasets._decode import OtherFormatError, UnreadableError, decode, look, plain_frame
from fastconv.datasets._image_format import ImageFormat

RGB = pixels(9, 7)
GRAY = pixels(9, 7, 1)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "PPM", "TIFF"])
def test_lossless_kinds(kind):
    np.testing.assert_array_equal(decode(encoded(RGB, kind), ImageFormat(9, 7, "rgb")), RGB)
    gray = decode(encoded(GRAY, kind), ImageFormat(9, 7, "grayscale"))
    np.testing.assert_array_equal(gray, GRAY[..., None])


def test_between_gray_and_color():
    np.testing.assert_array_equal(
        decode(encoded(GRAY), ImageFormat(9, 7, "rgb")), np.repeat(GRAY[..., None], 3, axis=2)
    )
    expected = np.asarray(Image.fromarray(RGB).convert("L"))[..., None]
    np.testing.assert_array_equal(decode(encoded(RGB), ImageFormat(9, 7, "grayscale")), expected)
    rgba = decode(encoded(RGB), ImageFormat(9, 7, "rgba"))
    np.testing.assert_array_equal(rgba[..., :3], RGB)
    assert (rgba[..., 3] == 255).all()


def test_sixteen_bits():
    wide = (np.arange(63, dtype=np.uint16) * 1039).reshape(9, 7)
    result = decode(encoded(wide), ImageFormat(9, 7, "grayscale"))
    np.testing.assert_array_equal(result[..., 0], wide >> 8)


def test_palette_with_transparency():
    image = Image.fromarray(RGB).quantize(8)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", transparency=b"\x00\x80")
    result = decode(buffer.getvalue(), ImageFormat(9, 7, "rgb"))
    np.testing.assert_array_equal(result, np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"quality": 30, "subsampling": 2},
        {"quality": 95, "subsampling": 0},
        {"progressive": True},
        {"optimize": True},
        {"restart_marker_blocks": 1},
        {"comment": b"a comment"},
        {"icc_profile": b"p" * 300},
        {"dpi": (72, 72)},
    ],
    ids=str,
)
def test_jpeg_has_the_same_pixels_as_pillow(options, channels):
    content = encoded(pixels(37, 29, channels), "JPEG", **options)
    assert plain_frame(content) == (37, 29, channels)
    expected = np.asarray(Image.open(io.BytesIO(content))).reshape(37, 29, channels)
    form = ImageFormat(37, 29, "rgb" if channels == 3 else "grayscale")
    np.testing.assert_array_equal(decode(content, form), expected)


def test_jpeg_in_four_colors():
    image = Image.fromarray(pixels(8, 8, 4), "CMYK")
    buffer = io.BytesIO()
    image.save(buffer, "JPEG")
    assert plain_frame(buffer.getvalue()) is None
    expected = np.asarray(Image.open(buffer).convert("RGB"))
    np.testing.assert_array_equal(decode(buffer.getvalue(), ImageFormat(8, 8, "rgb")), expected)


def with_orientation(array, orientation, kind="JPEG"):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(array, kind, exif=exif)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_photographs(orientation):
    turned = {1: RGB, 2: RGB[:, ::-1], 3: RGB[::-1, ::-1], 4: RGB[::-1], 5: RGB.swapaxes(0, 1)}
    turned[6] = np.rot90(RGB, -1)
    turned[7] = np.rot90(RGB, 2).swapaxes(0, 1)
    turned[8] = np.rot90(RGB)
    expected = turned[orientation]
    content = with_orientation(RGB, orientation, "PNG")
    height, width, gray = look(content)
    assert (height, width, gray) == (*expected.shape[:2], False)
    np.testing.assert_array_equal(decode(content, ImageFormat(height, width, "rgb")), expected)
    jpeg = with_orientation(RGB, orientation)
    assert plain_frame(jpeg) is None or orientation == 1
    assert look(jpeg) == (height, width, False)
    assert decode(jpeg, ImageFormat(height, width, "rgb")).shape == expected.shape


def test_resizes():
    content = encoded(pixels(40, 30))
    expected = Image.fromarray(pixels(40, 30)).resize((7, 9), Image.Resampling.BICUBIC)
    result = decode(content, ImageFormat(9, 7, "rgb", "bicubic"))
    np.testing.assert_array_equal(result, np.asarray(expected))


def test_large_jpeg_is_shrunk_while_decoding():
    smooth = np.linspace(0, 255, 640 * 480).reshape(480, 640).astype(np.uint8)
    content = encoded(np.dstack([smooth] * 3), "JPEG", quality=95)
    result = decode(content, ImageFormat(30, 40, "rgb", "bilinear"))
    expected = Image.fromarray(smooth).resize((40, 30), Image.Resampling.BILINEAR)
    assert np.abs(result[..., 0].astype(int) - np.asarray(expected)).max() <= 3


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_another_size_is_reported(kind):
    with pytest.raises(OtherFormatError):
        decode(encoded(RGB, kind), ImageFormat(7, 9, "rgb"))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_color_among_gray_is_reported(kind):
    with pytest.raises(OtherFormatError):
        decode(encoded(RGB, kind), ImageFormat(9, 7, "grayscale", only_grey=True))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no image",
        b"\xff\xd8",
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        encoded(pixels(64, 64), "JPEG")[:900],
        encoded(pixels(64, 64), "JPEG", exif=Image.Exif())[:-400],
        encoded(pixels(64, 64))[:-200],
        encoded(pixels(64, 64), "BMP")[:-200],
        encoded(np.zeros((64, 64), np.float32), "TIFF"),
        encoded(np.full((64, 64), 70_000, np.int32), "TIFF"),
    ],
    ids=range(10),
)
def test_unreadable(content):
    with pytest.raises(UnreadableError) as caught:
        decode(content, ImageFormat(64, 64, "rgb"))
    assert str(caught.value)


def test_a_picture_of_absurd_size_is_unreadable():
    header = bytearray(encoded(pixels(4, 4), "BMP"))
    header[18:26] = (10**5).to_bytes(4, "little") * 2
    with pytest.raises(UnreadableError, match="decompression bomb"):
        decode(bytes(header), ImageFormat(4, 4, "rgb", "bilinear"))


@pytest.mark.parametrize("content", [b"", b"no image", encoded(RGB)[:20]])
def test_look_at_unreadable(content):
    with pytest.raises(UnreadableError):
        look(content)
