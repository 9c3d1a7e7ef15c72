"""CIFAR-10's pickles: every protocol is read, and nothing that a pickle can do besides."""

import pickle
import struct

import numpy as np
import pytest
from damage import check_damaged, damaged, megabytes

from fastconv.datasets import _cifar_pickle
from fastconv.datasets._cifar_pickle import read_batch

COUNT = 100
PIXELS = np.random.default_rng(3).integers(0, 256, (COUNT, 3072), np.uint8)
LABELS = [int(n) for n in np.random.default_rng(4).integers(0, 10, COUNT)]
NAMES = [b"leptodactylus_pentadactylus_s_%06d.png" % k for k in range(COUNT)]


def batch(protocol, pixels=PIXELS, labels=LABELS):
    """What the official files hold."""
    return pickle.dumps(
        {b"batch_label": b"batch 1", b"labels": labels, b"data": pixels, b"filenames": NAMES},
        protocol,
    )


def short(text):
    return b"U" + bytes([len(text)]) + text


def python2_batch():
    """As the official files are written: Python 2's strings, protocol 2."""
    labels = b"".join(b"K" + bytes([label]) for label in LABELS)
    names = b"".join(map(short, NAMES))
    dtype = b"cnumpy\ndtype\n" + short(b"u1") + b"K\x00K\x01\x87Rq\x05"
    state = b"(K\x03" + short(b"|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    return b"".join(
        [
            b"\x80\x02}q\x01(" + short(b"labels") + b"q\x02](" + labels + b"e",
            short(b"data") + b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n",
            b"K\x00\x85" + short(b"b") + b"\x87Rq\x03",
            b"(K\x01K" + bytes([COUNT]) + b"M\x00\x0c\x86" + dtype + state + b"\x89",
            b"T" + struct.pack("<i", PIXELS.size) + PIXELS.tobytes() + b"tb",
            short(b"filenames") + b"](" + names + b"eu.",
        ]
    )


def python2_text_batch():
    """Python 2's protocol 0: lines, strings as `repr` shows them."""
    shown = "".join(f"\\x{byte:02x}" if byte > 126 else chr(byte) for byte in range(256))
    shown = [
        repr(chr(k))[1:-1] if k < 32 or k in (39, 92) else c for k, c in enumerate(shown[:127])
    ]
    shown += [f"\\x{byte:02x}" for byte in range(127, 256)]
    text = "".join(shown[byte] for byte in PIXELS.tobytes()).encode("ascii")
    labels = b"".join(b"I%d\na" % label for label in LABELS)
    dtype = b"cnumpy\ndtype\np5\n(S'u1'\nI0\nI1\ntRp6\n(I3\nS'|'\nNNNI-1\nI-1\nI0\ntb"
    return b"".join(
        [
            b"(dp1\nS'labels'\np2\n(lp3\n" + labels + b"sS'data'\n",
            b"cnumpy.core.multiarray\n_reconstruct\np4\n(cnumpy\nndarray\n(I0\ntS'b'\ntR",
            b"(I1\n(I%d\nL3072L\nt" % COUNT + dtype + b"I00\nS'" + text + b"'\ntbs.",
        ]
    )


REAL = {f"protocol {n}": batch(n) for n in range(5)} | {
    "of Python 2": python2_batch(),
    "of Python 2, protocol 0": python2_text_batch(),
    "in Fortran's order": batch(2, np.asfortranarray(PIXELS)),
}


@pytest.mark.parametrize("content", REAL.values(), ids=REAL)
def test_real_batches(content):
    pixels, labels = read_batch(content, "batch")
    np.testing.assert_array_equal(pixels, PIXELS)
    np.testing.assert_array_equal(labels, LABELS)
    assert labels.dtype == np.uint8


CALL = b"c_codecs\nencode\n"
OBJECTS = b"".join(
    [  # an array of pointers to wherever its bytes say
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R",
        b"(K\x01K\x04\x85cnumpy\ndtype\nU\x02O8K\x00K\x01\x87R",
        b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89",
        b"T" + struct.pack("<i", 32) + b"A" * 32 + b"tb",
    ]
)
HOSTILE = {
    "objects from bytes": b"\x80\x02" + CALL + b"X\x01\x00\x00\x00x" + OBJECTS + b"\x86R.",
    "attributes of a function": CALL + b"}X\x04\x00\x00\x00evilK\x01sb.",
    "slots of a function": CALL + b"N}X\x04\x00\x00\x00evilK\x01s\x86b.",
    "a class to call": b"cnumpy\nndarray\nJ\xff\xff\xff\x7f\x85R.",
    "GLOBAL": b"cos\nsystem\n.",
    "GLOBAL below a name": b"cnumpy\nndarray.tofile\n.",
    "STACK_GLOBAL": b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
    "STACK_GLOBAL of numbers": b"\x80\x04K\x01K\x02\x93.",
    "INST": b"(S'true'\nios\nsystem\n.",
    "OBJ": b"(cnumpy\nndarray\nK\x01o.",
    "NEWOBJ": b"cnumpy\nndarray\n(K\x01\x85t\x81.",
    "NEWOBJ_EX": b"\x80\x04cnumpy\nndarray\n)}\x92.",
    "EXT1": b"\x82\x01.",
    "EXT2": b"\x83\x01\x00.",
    "EXT4": b"\x84\x01\x00\x00\x00.",
    "PERSID": b"Pid\n.",
    "BUFFER": b"\x80\x05\x97.",
    "another encoding": CALL + b"X\x01\x00\x00\x00xX\x06\x00\x00\x00base64\x86R.",
    "bytes of a length": b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b".",
    "text of a length": b"\x80\x04\x8d" + struct.pack("<Q", 2**64 - 1) + b".",
    "bytearray of a length": b"\x80\x05\x96" + struct.pack("<Q", 2**62) + b".",
    "string of a length": b"T\xff\xff\xff\x7f.",
    "string of a negative length": b"T\xff\xff\xff\xff.",
    "frame of a length": b"\x80\x04\x95" + struct.pack("<Q", 2**62) + b".",
    "long integer": b"\x8b" + struct.pack("<i", 1000) + b"\x01" * 1000 + b".",
    "long decimal": b"L" + b"9" * 5000 + b"L\n.",
    "memo at the end": b"K\x01r\xff\xff\xff\xffh\xff.",
    "nested tuples": b")" + b"\x85" * 100_000 + b".",
    "nested lists": b"(" * 100_000 + b"l" * 100_000 + b".",
    "endless memo": b"K\x01" + b"\x94" * 1_000_000 + b".",
    "endless stack": b"(" + b"]" * 1_000_000,
    "a list in itself": b"]q\x00h\x00a" + b".",
    "a dictionary in itself": b"}q\x00U\x04datah\x00s.",
    "labels in themselves": b"}(U\x04dataNU\x06labels]q\x00h\x00au.",
    "a key that is a list": b"}]K\x01s.",
    "keys without values": b"}(U\x01aK\x01U\x01bu.",
    "no stack": b".",
    "no STOP": b"}",
    "no mark": b"}u.",
    "a mark as an object": b"(.",
    "text beyond Latin-1": b"X\x03\x00\x00\x00\xe2\x82\xac.",
    "line beyond Latin-1": b"V\\u20ac\n.",
    "a string without quotes": b"Sx\n.",
    "an array's state": OBJECTS[: OBJECTS.index(b"(K\x01K\x04")] + b"Nb.",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_pickles(content):
    with pytest.raises(ValueError, match=r"^batch_7: "):
        read_batch(content, "batch_7")


@pytest.mark.parametrize("name", ["objects from bytes", "endless memo", "nested lists"])
def test_hostile_pickles_do_not_crash(name):
    program = "import sys\ndef run(): _cifar_pickle.read_batch(sys.stdin.buffer.read(), 'batch_7')"
    taken, said = megabytes(program, stdin=HOSTILE[name])
    assert said.startswith("batch_7: is not a readable CIFAR-10 batch")
    assert taken < 64


@pytest.mark.parametrize("what", ["attributes", "slots"])
def test_nothing_is_set(what):
    functions = [f for f in vars(_cifar_pickle).values() if hasattr(f, "__code__")]
    before = [dict(vars(f)) for f in functions]
    with pytest.raises(ValueError, match="fills an object that is not allowed"):
        read_batch(HOSTILE[f"{what} of a function"], "batch")
    assert [dict(vars(f)) for f in functions] == before


def test_texts_do_not_multiply():
    """A text of a megabyte, encoded again and again."""
    text = (
        b"X" + struct.pack("<I", 1 << 20) + b"a" * (1 << 20) + b"q\x00X\x06\x00\x00\x00latin1q\x01"
    )
    call = b"(" + CALL + b"q\x02" + text + b"h\x02h\x00h\x01\x86R" * 5000 + b"l."
    with pytest.raises(ValueError, match="makes more bytes than it has"):
        read_batch(call, "batch")


@pytest.mark.parametrize("protocol", range(5))
def test_damaged_batches(protocol):
    content = batch(protocol, PIXELS[:3], LABELS[:3])
    for version in damaged(content, 300, protocol):
        check_damaged(lambda: read_batch(version, "some_batch"), "some_batch: ")  # noqa: B023
