"""Official files: find them on this machine, or download them once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fastconv.datasets._cache import cache_dir
from fastconv.utils.files import folder_beside


@dataclass(frozen=True)
class RemoteFile:
    """A file to download: its name, its address, and its checksum as ``algorithm:hex``."""

    name: str
    url: str
    checksum: str


def data_dir() -> Path | None:
    """Return the folder that ``FASTCONV_DATA`` names, or None when the variable is not set."""
    chosen = os.environ.get("FASTCONV_DATA")
    if not chosen:
        return None
    folder = Path(chosen).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f"FASTCONV_DATA: must name an existing folder; received {chosen!r}")
    return folder


def find_local(dataset: str, names: Sequence[str]) -> Path | None:
    """Return the first of `names` that exists in ``FASTCONV_DATA`` or in the cache, or None.

    In ``FASTCONV_DATA`` the files may lie in the folder itself or in a subfolder `dataset`.
    """
    folders = [cache_dir() / dataset]
    given = data_dir()
    if given is not None:
        folders = [given, given / dataset, *folders]
    for folder in folders:
        for name in names:
            if (folder / name).exists():
                return folder / name
    return None


def fetch(dataset: str, remote: RemoteFile) -> Path:
    """Download `remote` into the cache, with a progress bar, and return its path.

    It has its name only when it is complete. What a download left that was killed goes.

    Raises
    ------
    FileNotFoundError
        When the download fails or its checksum is wrong; says which file to put where.
    """
    import pooch

    folder = cache_dir() / dataset
    pooch.get_logger().setLevel("WARNING")
    try:
        with folder_beside(folder) as scratch:
            downloader = pooch.create(
                path=scratch,
                base_url="",
                registry={remote.name: remote.checksum},
                urls={remote.name: remote.url},
                retry_if_failed=1,
            )
            os.replace(downloader.fetch(remote.name, progressbar=True), folder / remote.name)
        return folder / remote.name
    except (OSError, ValueError) as error:  # no network, refused, wrong checksum
        raise FileNotFoundError(
            f"{dataset}: {remote.name} is not on this machine and could not be downloaded from "
            f"{remote.url} ({_reason(error)}); put {remote.name} into {folder}, or into a folder "
            "that the environment variable FASTCONV_DATA names"
        ) from error


def _reason(error: Exception) -> str:
    """The innermost cause of a failed request, without the connection's own description."""
    cause = error.args[0] if error.args else error
    text = str(getattr(cause, "reason", None) or error)
    return text.splitlines()[0].rpartition("): ")[2]
