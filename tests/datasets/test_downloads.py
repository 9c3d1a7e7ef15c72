"""Downloads, from a server on this machine; and what is said without one."""

import hashlib
import os
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fastconv.datasets import cifar10, mnist
from fastconv.datasets._downloads import RemoteFile, fetch, find_local

CONTENT = b"the official file" * 100


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "set.gz").write_bytes(CONTENT)
    asked = []

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args):
            asked.append(args)

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}/set.gz", asked
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FASTCONV_CACHE", str(tmp_path / "cache"))
    for name in (
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache"


def checksum(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_downloads_once(server, cache):
    url, asked = server
    assert find_local("some", ["set.gz"]) is None
    path = fetch("some", RemoteFile("set.gz", url, checksum(CONTENT)))
    assert path.read_bytes() == CONTENT
    assert path == find_local("some", ["other", "set.gz"])
    assert len(asked) == 1


@pytest.mark.skipif(os.name != "posix", reason="locks of files")
def test_what_a_killed_download_left_goes(server, cache):
    url, _ = server
    left = cache / "some" / ".new-abcdefgh"
    left.mkdir(parents=True)
    (left / "tmp12345678").touch()
    fetch("some", RemoteFile("set.gz", url, checksum(CONTENT)))
    assert [path.name for path in (cache / "some").iterdir()] == ["set.gz"]


def test_a_download_that_ends_leaves_nothing(server, cache, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    url, _ = server
    monkeypatch.setattr("shutil.move", stopped)
    with pytest.raises(KeyboardInterrupt):
        fetch("some", RemoteFile("set.gz", url, checksum(CONTENT)))
    assert list((cache / "some").iterdir()) == []


def test_refuses_a_damaged_download(server, cache):
    url, _ = server
    with pytest.raises(FileNotFoundError, match=r"set\.gz is not on this machine and could not"):
        fetch("some", RemoteFile("set.gz", url, checksum(b"other")))
    assert find_local("some", ["set.gz"]) is None


def test_says_where_to_put_the_file(server, cache):
    url, _ = server
    absent = url.replace("set.gz", "absent.gz")
    with pytest.raises(FileNotFoundError) as caught:
        fetch("some", RemoteFile("absent.gz", absent, checksum(CONTENT)))
    message = str(caught.value)
    assert f"put absent.gz into {cache / 'some'}" in message
    assert "FASTCONV_DATA" in message
    assert absent in message


@pytest.mark.parametrize(
    ("module", "name"), [(cifar10, "cifar-10-python.tar.gz"), (mnist, "train-images-idx3-ubyte.gz")]
)
def test_offline(module, name, cache, monkeypatch):
    closed = "http://127.0.0.1:9/"  # the discard port: nobody listens
    if module is cifar10:
        archive = RemoteFile(name, closed + name, cifar10._ARCHIVE.checksum)
        monkeypatch.setattr(cifar10, "_ARCHIVE", archive)
    else:
        files = {
            key: RemoteFile(file.name, closed + file.name, file.checksum)
            for key, file in mnist._FILES.items()
        }
        monkeypatch.setattr(mnist, "_FILES", files)
    with pytest.raises(FileNotFoundError, match=f"put {name} into .*FASTCONV_DATA"):
        module.load_data()


def test_a_refused_connection_is_told_in_few_words(cache):
    remote = RemoteFile("set.gz", "http://127.0.0.1:9/set.gz", checksum(CONTENT))
    with pytest.raises(
        FileNotFoundError, match=r"set\.gz \([^()]*refused[^()]*\); put set\.gz into"
    ):
        fetch("some", remote)
