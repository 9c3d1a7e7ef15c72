"""Atomic writing: a file is either the old one or the complete new one, whatever happens."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def write_atomically(path: str | os.PathLike[str], parts: Iterable[bytes | memoryview]) -> None:
    """Write `parts` beside `path`, flush them to the disk, and rename the file over `path`.

    If anything fails, an older file at `path` is untouched and nothing is left beside it. What a
    process left there that was killed while it wrote this file is removed first, for its room may
    be needed. The folder must exist.

    Raises
    ------
    OSError
        If the file cannot be written; names `path`.
    """
    target = Path(os.fspath(path))
    remove_leftovers(target)
    with naming(target):
        _write(target, parts)


@contextlib.contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Within it every OSError names `path`: a full disk's names no file, others one beside it."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


def remove_leftovers(path: str | os.PathLike[str]) -> None:
    """Remove what killed processes left beside `path` while they wrote it.

    A writer holds a lock on its file until the file has its name, and the system takes the lock
    away from a process that ends, however it ends. So a file that can be locked has no writer, on
    this machine or another one that shares the folder. A process's number in the name would not
    say so: numbers come again, and containers that share a folder have the same ones. Nor would
    the file's age: clocks jump, and a large file on a slow disk takes its time. Where there are no
    such locks (Windows, some network folders) everything stays.
    """
    target = Path(os.fspath(path))
    pattern = re.compile(rf"\.{re.escape(target.name)}\.[a-z0-9_]{{8}}\.tmp")
    _remove_unlocked(target.parent, pattern, os.O_RDWR, os.unlink)


@contextlib.contextmanager
def folder_beside(parent: Path) -> Iterator[Path]:
    """Within it there is a new folder in `parent`, for what is renamed once it is complete.

    The folder goes at the end, with all that is still in it. What killed processes left there goes
    first, as in `write_atomically`. `parent` is created if it does not exist.
    """
    parent.mkdir(parents=True, exist_ok=True)
    remove_leftover_folders(parent)
    handle, folder = _locked_folder(parent)
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if handle is not None:
            os.close(handle)


def remove_leftover_folders(parent: Path) -> None:
    """Remove the folders of `folder_beside` whose processes were killed."""
    pattern = re.compile(r"\.new-[a-z0-9_]{8}")
    _remove_unlocked(parent, pattern, getattr(os, "O_DIRECTORY", 0), shutil.rmtree)


def _remove_unlocked(
    parent: Path, pattern: re.Pattern[str], flags: int, remove: Callable[[Path], None]
) -> None:
    """Remove what `pattern` names in `parent` and no process has locked."""
    if fcntl is None:
        return
    try:
        found = [name for name in os.listdir(parent) if pattern.fullmatch(name)]
    except OSError:  # no such folder yet, or none that can be read
        return
    for name in found:
        with contextlib.suppress(OSError):  # another process was faster, or may do more
            handle = os.open(parent / name, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(parent / name)
            finally:
                os.close(handle)


def _write(target: Path, parts: Iterable[bytes | memoryview]) -> None:
    handle, beside = _locked_file(target)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
            os.chmod(beside, _mode(target))
            if fcntl is not None:  # the lock is given back behind the renaming
                os.replace(beside, target)
        if fcntl is None:  # Windows renames no open file
            os.replace(beside, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
    _sync_folder(target.parent)


def _locked_file(target: Path) -> tuple[int, str]:
    """A new file beside `target`, open and locked where the folder has locks, and its name."""
    while True:
        handle, beside = tempfile.mkstemp(
            prefix=f".{target.name}.", suffix=".tmp", dir=target.parent
        )
        if fcntl is None or _lock(handle, beside):
            return handle, beside
        os.close(handle)


def _locked_folder(parent: Path) -> tuple[int | None, str]:
    """The same for a folder; without a handle where folders cannot be opened."""
    while True:
        folder = tempfile.mkdtemp(prefix=".new-", dir=parent)
        if fcntl is None:
            return None, folder
        try:
            handle = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:
            continue
        if _lock(handle, folder):
            return handle, folder
        os.close(handle)


def _lock(handle: int, name: str) -> bool:
    """Lock a new file or folder where there are locks.

    Return False if another process has removed it before it was locked.
    """
    with contextlib.suppress(OSError):  # a folder without locks
        fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        return os.path.samestat(os.fstat(handle), os.stat(name))
    except FileNotFoundError:
        return False


def _mode(target: Path) -> int:
    """The older file's permissions, or a new file's default ones (mkstemp's are owner-only)."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder: Path) -> None:
    """Sync the folder, so that the rename itself survives a power cut, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
